//! The files in `deploy/` and the Dockerfile: they start the program with valid options, and keep the ledger.

use std::fs;
use std::path::Path;

use feedmill::config::Config;
use tempfile::TempDir;

use crate::commands::Serving;
use crate::server::write;

fn file(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

#[test]
fn the_unit_serves_and_keeps_the_ledger_in_its_state_directory() {
    let unit = file("deploy/feedmill.service");
    let values = |key: &str| -> Vec<&str> {
        let lines = unit.lines().filter_map(|line| line.split_once('='));
        lines.filter(|(found, _)| *found == key).map(|(_, value)| value).collect()
    };
    assert_eq!(values("ExecStart"), ["/usr/local/bin/feedmill serve"]);
    assert_eq!(values("StateDirectory"), ["feedmill"]);
    assert_eq!(
        (values("Restart"), values("WantedBy")),
        (vec!["on-failure"], vec!["multi-user.target"])
    );
    let machine = TempDir::new().unwrap();
    write(machine.path(), "srv/posts/a.md", "# A\n");
    // as systemd starts it, with a folder as the root and free ports
    let place = |value: &str| {
        value
            .replace("%S", "/var/lib")
            .replace("/srv", &machine.path().join("srv").display().to_string())
    };
    let variables: Vec<(String, String)> = values("Environment")
        .iter()
        .filter_map(|variable| variable.split_once('='))
        .map(|(name, value)| {
            (
                name.to_owned(),
                place(value).replace("/var/lib", &machine.path().join("var/lib").display().to_string()),
            )
        })
        .collect();
    let value = |name: &str| {
        &variables
            .iter()
            .find(|(found, _)| found == name)
            .unwrap_or_else(|| panic!("{name}"))
            .1
    };
    let serving = Serving::start(
        machine.path(),
        &[
            value("FEEDMILL_POSTS"),
            "--state",
            value("FEEDMILL_STATE"),
            "--base-url",
            "https://example.com",
        ],
    );
    serving.until("Ctrl-C ends it");
    assert!(machine.path().join("var/lib/feedmill/ledger.db").is_file());
}

#[test]
fn the_debian_package_has_files_that_exist_and_a_valid_configuration() {
    let config = Config::parse("feedmill.toml".into(), &file("deploy/debian/feedmill.toml")).unwrap();
    assert_eq!(config.posts.dir, "/srv/posts");
    let manifest: toml::Table = toml::from_str(&file("Cargo.toml")).unwrap();
    let package = &manifest["package"]["metadata"]["deb"];
    let assets = package["assets"].as_array().unwrap();
    let script = file(".ci/deb");
    for asset in assets {
        let source = asset[0].as_str().unwrap();
        let exists = match source.strip_prefix("target/deb/") {
            // the script makes it
            Some(made) => script.contains(&format!("\"$content/{made}\"")) || made == "man/*.1.gz",
            None => Path::new(env!("CARGO_MANIFEST_DIR")).join(source).is_file(),
        };
        assert!(exists, "{source}");
    }
    let installed = |path: &str| {
        let (folder, name) = path.rsplit_once('/').unwrap();
        let is_it = |asset: &&toml::Value| {
            let source = asset[0].as_str().unwrap();
            asset[1].as_str() == Some(&format!("{}/", &folder[1..])) && source.ends_with(&format!("/{name}"))
        };
        assets.iter().any(|asset| is_it(&asset))
    };
    assert!(installed(package["conf-files"][0].as_str().unwrap()));
    // what the unit of the package starts, and with which file
    assert!(script.contains("ExecStart=/usr/bin/feedmill serve --config /etc/feedmill/feedmill.toml"));
    assert!(installed("/usr/bin/feedmill") && installed("/etc/feedmill/feedmill.toml"));
}

#[test]
fn every_container_has_a_volume_for_the_ledger() {
    let dockerfile = file("Dockerfile");
    for line in [
        "USER 10001:10001",
        "VOLUME [\"/posts\", \"/state\"]",
        "    FEEDMILL_STATE=/state",
    ] {
        assert!(dockerfile.lines().any(|found| found == line), "{line}");
    }
    let compose = file("deploy/compose.yaml");
    for line in ["      - state:/state", "      - ../posts:/posts:ro", "volumes:", "  state:"] {
        assert!(compose.lines().any(|found| found == line), "{line}");
    }
    for path in ["README.md", "posts/operating/running.md", "Dockerfile"] {
        let text = file(path);
        let commands: Vec<&str> = text
            .split("docker run")
            .skip(1)
            .map(|after| after.split("\n\n").next().unwrap())
            .collect();
        assert!(!commands.is_empty(), "{path}");
        for command in commands {
            assert!(command.contains("--volume feedmill-state:/state"), "{path}: {command}");
        }
    }
}

/// Runs a checker of configurations; `None` if it is not installed.
fn check(program: &str, arguments: &[&str]) -> Option<(bool, String)> {
    match std::process::Command::new(program).args(arguments).output() {
        Ok(output) => Some((output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned())),
        Err(_) => {
            println!("skipped: {program} is not installed");
            None
        }
    }
}

#[test]
fn the_examples_for_proxies_and_the_unit_are_valid() {
    let place = TempDir::new().unwrap();
    let at = |name: &str| place.path().join(name).display().to_string();
    let nginx = file("deploy/nginx.conf");
    write(
        place.path(),
        "nginx.conf",
        &format!(
            "pid {};\nerror_log stderr;\nevents {{ }}\nhttp {{\naccess_log off;\n{nginx}\n}}\n",
            at("pid")
        ),
    );
    if let Some((is_valid, said)) = check("nginx", &["-t", "-c", &at("nginx.conf"), "-e", "stderr"]) {
        assert!(is_valid, "{said}");
    }
    write(place.path(), "Caddyfile", &file("deploy/Caddyfile"));
    if let Some((is_valid, said)) = check("caddy", &["validate", "--adapter", "caddyfile", "--config", &at("Caddyfile")]) {
        assert!(is_valid, "{said}");
    }
    // the program need not be installed for its unit to be checked
    write(
        place.path(),
        "feedmill.service",
        &file("deploy/feedmill.service").replace("/usr/local/bin/feedmill", "/bin/true"),
    );
    if let Some((is_valid, said)) = check("systemd-analyze", &["verify", "--man=no", &at("feedmill.service")]) {
        assert!(is_valid, "{said}");
    }
}
