//! The commands of the program.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use assert_cmd::cargo::CommandCargoExt;
use serde_json::Value;
use tempfile::TempDir;

use crate::server::write;

/// The longest wait for a line of output.
const PATIENCE: Duration = Duration::from_secs(20);

pub fn feedmill(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::cargo_bin("feedmill").unwrap();
    command.args(arguments).current_dir(folder);
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("FEEDMILL_")) {
        command.env_remove(name);
    }
    command
}

/// Runs it. Returns exit status, standard output and standard error.
pub fn run(command: &mut Command) -> (i32, String, String) {
    let output = command.output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

pub fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = TempDir::new().unwrap();
    for (path, content) in files {
        write(folder.path(), path, content);
    }
    folder
}

const GOOD: &str = "---\ntitle: Good\ndate: 2026-01-31\n---\nText.\n";

#[test]
fn check_lists_every_problem_and_has_an_exit_status() {
    let clean = folder(&[("posts/a.md", GOOD)]);
    let (status, out, err) = run(&mut feedmill(clean.path(), &["check"]));
    assert_eq!(
        (status, out.as_str(), err.as_str()),
        (0, "", "posts: 1 post read, 0 errors, 0 warnings\n")
    );

    let broken = folder(&[
        ("posts/a.md", GOOD),
        ("posts/b.md", "---\ntitle: A: B\ndate: 2026-01-31\n---\n"),
    ]);
    let (status, out, err) = run(&mut feedmill(broken.path(), &["check"]));
    assert_eq!((status, err.as_str()), (1, "posts: 2 posts read, 0 errors, 1 warning\n"));
    assert!(
        out.contains("b.md:2:9") && out.contains("2 | title: A: B") && out.contains("= help: "),
        "{out}"
    );
    assert!(!out.contains('\u{1b}'), "no colour but on a terminal: {out:?}");

    let (status, out, _) = run(&mut feedmill(broken.path(), &["check", "posts", "--json"]));
    let json: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((status, &json["posts"]), (1, &2.into()));
    let problem = &json["problems"][0];
    assert_eq!(
        (&problem["path"], &problem["line"], &problem["column"]),
        (&"b.md".into(), &2.into(), &9.into())
    );
    assert!(problem["mend"].as_str().is_some_and(|mend| !mend.is_empty()));

    let (status, _, err) = run(&mut feedmill(clean.path(), &["check", "elsewhere"]));
    assert_eq!(status, 2);
    assert!(err.starts_with("feedmill: ") && err.contains("elsewhere"), "{err}");
}

#[test]
fn the_first_line_counts_what_is_published_and_what_is_not() {
    let site = folder(&[
        ("posts/a.md", GOOD),
        ("posts/draft.md", "---\ndraft: true\n---\ntext"),
        ("posts/about.md", "text"),
        ("posts/404.md", "text"),
        ("posts/held.md", "---\ndate: TBD\n---\ntext"),
        ("posts/_archive/old.md", GOOD),
    ]);
    let serving = Serving::start(site.path(), &["posts"]);
    let lines = serving.until("posts    ");
    let counts = lines.last().unwrap();
    assert!(
        counts.ends_with("1 post in posts; not among them: 1 draft, 1 held back, 1 page"),
        "{counts}"
    );
}

#[test]
fn why_shows_the_properties_of_a_post_and_their_origins() {
    let site = folder(&[
        ("posts/2026-01-31-good-day.md", "# A good day\n\nText.\n"),
        (
            "posts/draft.md",
            "---\ndraft: yes\ndate: 2026-01-31\naliases: [/old/, b/c]\n---\n",
        ),
        ("posts/later.md", "---\ndate: 2999-01-01\n---\n"),
        ("posts/_hidden.md", "text"),
        ("posts/open.md", "---\ntitle: open\n"),
        ("posts/x.txt", "text"),
        ("posts/README.md", "text"),
        (
            "posts/named.md",
            "---\ndate: 2026-01-31\ndraft: true\naliases: old-name\n---\n",
        ),
        ("posts/held.md", "---\ndate: 2026-01-31\ntitle: '{{title}}'\n---\n"),
        ("posts/data.md", "---\ndate: 2026-01-31\n---\ntext"),
        ("posts/data.json", "{draft: true}"),
    ]);
    let cases: [(&str, &[&str]); 10] = [
        (
            "posts/2026-01-31-good-day.md",
            &[
                "public    yes",
                "A good day  (first heading)",
                "/posts/good-day  (file name)",
                "tag:localhost,2026-01-31:good-day  (date and slug)",
            ],
        ),
        (
            "posts/draft.md",
            &["no: it is a draft (front matter: draft)", "aliases   /old/, /b/c"],
        ),
        ("posts/later.md", &["not before 2999-01-01T00:00:00Z (front matter: date)"]),
        (
            "posts/_hidden.md",
            &["no: `_hidden.md` is ignored: a file whose name begins with `_` is part of a site, and no post"],
        ),
        (
            "posts/README.md",
            &["no: `README.md` is ignored: `posts.ignore` has the pattern `readme.md`"],
        ),
        ("posts/named.md", &["aliases   old-name\n", "summary   none\n"]),
        ("posts/held.md", &["no: it is held back: line 3: "]),
        ("posts/data.md", &["no: it is held back: line 1: ", "data.json:1:2"]),
        ("posts/open.md", &["no: the file is refused", "open.md:1:1"]),
        (
            "posts/x.txt",
            &["no: only Markdown files are posts: .md, .markdown, .mdx, .mkd, .mdown and the like"],
        ),
    ];
    for (file, expected) in cases {
        let (status, out, _) = run(&mut feedmill(site.path(), &["why", file]));
        assert_eq!(status, 0, "{file}");
        for expected in expected {
            assert!(out.contains(expected), "{file}: {expected:?} is not in {out}");
        }
        assert!(
            !out.contains("data.json") || file.contains("data"),
            "the data of another post: {out}"
        );
        let (_, out, _) = run(&mut feedmill(site.path(), &["why", file, "--json"]));
        let json: Value = serde_json::from_str(&out).unwrap();
        assert_eq!(json["public"], file.contains("good"), "{file}: {out}");
    }
    // as Kubernetes mounts them: the name of the link is that of the post
    write(site.path(), "posts/..v1/linked.md", GOOD);
    std::os::unix::fs::symlink("..v1/linked.md", site.path().join("posts/linked.md")).unwrap();
    std::os::unix::fs::symlink("/etc/passwd", site.path().join("posts/passwd.md")).unwrap();
    std::os::unix::fs::symlink("posts", site.path().join("current")).unwrap();
    for posts in ["posts", "current"] {
        let (_, out, _) = run(&mut feedmill(site.path(), &["why", "posts/linked.md", "--posts", posts]));
        assert!(out.contains("public    yes") && out.contains("/posts/linked"), "{out}");
        let (_, out, _) = run(&mut feedmill(site.path(), &["why", "current/passwd.md", "--posts", posts]));
        assert!(
            out.contains("the file is refused") && out.contains("leads out of the posts folder"),
            "{out}"
        );
    }
    let (status, _, err) = run(&mut feedmill(site.path(), &["why", "posts/x.txt", "--posts", "posts/..v1"]));
    assert_eq!((status, err.contains("is not in the folder of posts")), (2, true), "{err}");
    let (status, _, err) = run(&mut feedmill(site.path(), &["why", "posts/none.md"]));
    assert_eq!((status, err.contains("there is no file posts/none.md")), (2, true), "{err}");
}

#[test]
fn why_and_share_find_the_folder_of_posts_that_a_file_belongs_to() {
    let site = folder(&[
        ("site/posts/_drafts/x.md", "---\ntitle: X\ndate: 2026-01-31\n---\nText.\n"),
        ("site/posts/sub/y.md", "---\ntitle: Y\ndate: 2026-01-31\n---\nText.\n"),
        (
            "named/feedmill.toml",
            "[site]\nbase_url = 'https://named.example'\n[posts]\ndir = 'content'\n",
        ),
        ("named/content/_drafts/x.md", "---\ntitle: X\ndate: 2026-01-31\n---\nText.\n"),
        ("loose/_drafts/x.md", "---\ntitle: X\ndate: 2026-01-31\n---\nText.\n"),
        ("both/feedmill.toml", "[posts]\ndir = 'content'\n"),
        (
            "both/content/blog/_drafts/x.md",
            "---\ntitle: X\ndate: 2026-01-31\n---\nText.\n",
        ),
    ]);
    let ask = |place: &str, arguments: &[&str]| run(&mut feedmill(&site.path().join(place), arguments));
    let draft = "no: it is a draft";
    // before the first start: the folder `posts` in the current folder
    let (status, out, err) = ask("site", &["why", "posts/_drafts/x.md"]);
    assert!(status == 0 && out.contains(draft), "{out}{err}");
    // in another folder nothing names the folder of posts, and a guess could call the draft public
    for (place, file) in [
        ("", "site/posts/_drafts/x.md"),
        ("site/posts", "_drafts/x.md"),
        ("site/posts/_drafts", "x.md"),
        ("loose", "_drafts/x.md"),
    ] {
        for command in ["why", "share"] {
            let (status, out, err) = ask(place, &[command, file]);
            assert_eq!((status, out.as_str()), (2, ""), "{command} {place} {file}: {err}");
            assert!(err.contains("is not known") && err.contains("`--posts DIR`"), "{err}");
        }
        let posts = site.path().join(if place == "loose" { "loose" } else { "site/posts" });
        let (status, out, err) = ask(place, &["why", file, "--posts", posts.to_str().unwrap()]);
        assert!(status == 0 && out.contains(draft), "{place} {file}: {out}{err}");
    }
    // after a start its ledger shows it, from any folder
    let serving = Serving::start(&site.path().join("site"), &[]);
    serving.until("Ctrl-C ends it");
    drop(serving);
    for (place, file) in [
        ("", "site/posts/_drafts/x.md"),
        ("site", "posts/_drafts/x.md"),
        ("site/posts", "_drafts/x.md"),
        ("site/posts/_drafts", "x.md"),
        ("loose", "../site/posts/sub/../_drafts/x.md"),
    ] {
        let (status, out, err) = ask(place, &["why", file]);
        assert!(status == 0 && out.contains(draft), "{place} {file}: {out}{err}");
        let (status, out, err) = ask(place, &["share", file]);
        assert!(status == 0 && out.contains("/shared/"), "{place} {file}: {err}");
    }
    // `--revoke-all` finds it in the same way, and creates nothing if there is none
    for place in ["site", "site/posts", "site/posts/_drafts"] {
        let key = |at: &str| std::fs::read(site.path().join("site/.feedmill/posts").join(at)).ok();
        let before = key("share.key");
        let (status, _, err) = ask(place, &["share", "--revoke-all"]);
        assert_eq!(status, 0, "{place}: {err}");
        assert_ne!(key("share.key"), before, "{place}");
    }
    for (place, arguments) in [
        ("", &["share", "--revoke-all"][..]),
        ("loose", &["share", "--revoke-all"]),
        ("site", &["share", "--revoke-all", "--posts", "nowhere"]),
        ("site", &["share", "--revoke-all", "--state", "nowhere"]),
    ] {
        let (status, _, err) = ask(place, arguments);
        assert!(
            status == 2 && err.contains("`--posts DIR`"),
            "{place} {arguments:?}: {status} {err}"
        );
    }
    for made in [".feedmill", "loose/.feedmill", "site/nowhere", "site/.feedmill/nowhere"] {
        assert!(!site.path().join(made).exists(), "{made}");
    }
    let (status, out, _) = ask("site/posts/sub", &["why", "y.md"]);
    assert!(
        status == 0 && out.contains("public    yes") && out.contains("section   sub"),
        "{out}"
    );
    let (status, _, err) = ask("site/posts/sub", &["share", "y.md"]);
    assert!(status == 2 && err.contains("is public already"), "{err}");
    // a configuration file above it shows it too
    for (place, file) in [
        ("", "named/content/_drafts/x.md"),
        ("named", "content/_drafts/x.md"),
        ("named/content/_drafts", "x.md"),
    ] {
        let (status, out, err) = ask(place, &["why", file]);
        assert!(status == 0 && out.contains(draft), "{place} {file}: {out}{err}");
        assert!(out.contains("https://named.example/posts/x"), "{place} {file}: {out}");
    }
    // if both disagree, neither is used
    let serving = Serving::start(&site.path().join("both"), &["content/blog"]);
    serving.until("Ctrl-C ends it");
    drop(serving);
    let (status, out, err) = ask("", &["why", "both/content/blog/_drafts/x.md"]);
    assert!(
        status == 2 && out.is_empty() && err.contains("may belong to") && err.contains("`--posts DIR`"),
        "{out}{err}"
    );
    let (status, out, _) = ask("", &["why", "both/content/blog/_drafts/x.md", "--posts", "both/content/blog"]);
    assert!(status == 0 && out.contains(draft), "{out}");
}

#[test]
fn why_shows_a_post_whose_file_is_gone() {
    let site = folder(&[("posts/good.md", GOOD), ("posts/stays.md", "# Stays")]);
    let serving = Serving::start(site.path(), &[]);
    serving.until("Watching");
    drop(serving);
    let why = |options: &[&str]| run(&mut feedmill(site.path(), &[&["why", "posts/good.md"], options].concat()));
    let id = |out: &str| serde_json::from_str::<Value>(out).unwrap()["ledger"]["id"].clone();
    let there = id(&why(&["--json"]).1);
    std::fs::remove_file(site.path().join("posts/good.md")).unwrap();
    let (status, out, err) = why(&[]);
    assert_eq!(status, 0, "{err}");
    for expected in ["public    no: its file is gone", "/posts/good", "known     since "] {
        assert!(out.contains(expected), "{expected:?} is not in {out}");
    }
    let (_, out, _) = why(&["--json"]);
    assert_eq!((id(&out), there.is_string()), (there.clone(), true), "{out}");
    let json: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(
        (&json["public"], json["why"].as_str()),
        (&Value::Bool(false), Some("its file is gone"))
    );
    std::fs::write(site.path().join("posts/renamed.md"), GOOD).unwrap();
    let (_, out, _) = why(&["--json"]);
    let json: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(json["why"], "its file is gone, and the post is in renamed.md now", "{out}");
}

#[test]
fn options_take_precedence_over_the_environment_and_that_over_the_file() {
    let site = folder(&[
        ("posts/a.md", GOOD),
        ("feedmill.toml", "[site]\nbase_url = 'https://file.example'\n"),
    ]);
    let url = |command: &mut Command| {
        let (_, out, err) = run(command);
        let json: Value = serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error}: {out} {err}"));
        json["url"].as_str().unwrap().to_owned()
    };
    let why = ["why", "posts/a.md", "--json"];
    assert_eq!(
        url(&mut feedmill(site.path(), &why)),
        "https://file.example/posts/good".replace("good", "a")
    );
    assert_eq!(
        url(feedmill(site.path(), &why).env("FEEDMILL_BASE_URL", "https://env.example")),
        "https://env.example/posts/a"
    );
    // as a compose file sets variables without a value
    assert_eq!(
        url(feedmill(site.path(), &why)
            .env("FEEDMILL_BASE_URL", "")
            .env("FEEDMILL_CONFIG", "")),
        "https://file.example/posts/a"
    );
    let flagged = ["why", "posts/a.md", "--json", "--base-url", "https://flag.example"];
    assert_eq!(
        url(feedmill(site.path(), &flagged).env("FEEDMILL_BASE_URL", "https://env.example")),
        "https://flag.example/posts/a"
    );

    let (status, _, err) = run(&mut feedmill(site.path(), &["share", "posts/a.md", "--days", "abc"]));
    assert_eq!(status, 2);
    assert!(err.contains("write a whole number from 1 to 90"), "{err}");

    write(
        site.path(),
        "other.toml",
        "[site]\nbase_url = 'https://other.example'\n[posts]\ndir = 'posts'\n",
    );
    let named = ["why", "posts/a.md", "--json", "--config", "other.toml"];
    assert_eq!(url(&mut feedmill(site.path(), &named)), "https://other.example/posts/a");

    write(site.path(), "other.toml", "[site]\nbase_ulr = 'x'\n");
    let (status, _, err) = run(&mut feedmill(site.path(), &named));
    assert_eq!(status, 2);
    assert!(
        err.contains("other.toml:2:1")
            && err.contains("there is no setting `site.base_ulr`")
            && err.contains("help: write `base_url`"),
        "{err}"
    );
    let (status, _, err) = run(&mut feedmill(site.path(), &["check", "--config", "none.toml"]));
    assert_eq!(
        (status, err.as_str()),
        (2, "feedmill: there is no configuration file none.toml\n")
    );
}

/// A running `feedmill serve`.
pub struct Serving {
    child: Child,
    lines: Receiver<String>,
}

impl Serving {
    pub fn start(folder: &Path, arguments: &[&str]) -> Serving {
        Serving::start_configured(folder, &[&["--listen", "127.0.0.1:0"], arguments].concat())
    }

    /// Starts it where the configuration says.
    pub fn start_configured(folder: &Path, arguments: &[&str]) -> Serving {
        let mut child = feedmill(folder, &["serve"])
            .args(arguments)
            .env("FEEDMILL_ADMIN", "127.0.0.1:0")
            .stderr(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (sender, lines) = channel();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        std::thread::spawn(move || stderr.lines().map_while(Result::ok).all(|line| sender.send(line).is_ok()));
        Serving { child, lines }
    }

    /// The lines up to the first that contains `wanted`.
    pub fn until(&self, wanted: &str) -> Vec<String> {
        let mut seen = Vec::new();
        loop {
            match self.lines.recv_timeout(PATIENCE) {
                Ok(line) => {
                    seen.push(line);
                    if seen.last().is_some_and(|line| line.contains(wanted)) {
                        return seen;
                    }
                }
                Err(error) => panic!("{wanted:?} was not said ({error}); what was: {seen:#?}"),
            }
        }
    }

    /// The standard output. It can be taken once.
    pub fn output(&mut self) -> ChildStdout {
        self.child.stdout.take().unwrap()
    }

    pub fn process(&self) -> u32 {
        self.child.id()
    }

    pub fn signal(&self, signal: rustix::process::Signal) {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, signal).unwrap();
    }

    pub fn ended(&mut self) -> Option<i32> {
        let deadline = std::time::Instant::now() + PATIENCE;
        while std::time::Instant::now() < deadline {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code();
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        panic!("it does not end")
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn get(url: &str) -> String {
    ureq::get(url).call().unwrap().body_mut().read_to_string().unwrap()
}

#[test]
fn serve_prints_addresses_and_changes_and_ends_at_ctrl_c() {
    let site = folder(&[]);
    std::fs::create_dir(site.path().join("posts")).unwrap();
    let mut serving = Serving::start(site.path(), &[]);
    let welcome = serving.until("Ctrl-C ends it");
    let address = |name: &str| {
        let line = welcome
            .iter()
            .find(|line| line.trim_start().starts_with(name))
            .unwrap_or_else(|| panic!("{welcome:#?}"));
        line.split_whitespace().last().unwrap().to_owned()
    };
    assert!(welcome.iter().any(|line| line.contains("0 posts in posts")), "{welcome:#?}");
    assert!(
        welcome.iter().any(|line| line.contains("Save a .md file in the folder")),
        "{welcome:#?}"
    );
    for name in ["read", "rss", "atom", "json", "listing"] {
        assert!(!get(&address(name)).is_empty(), "{name}");
    }

    write(site.path(), "posts/hello.md", "Just text.\n");
    let line = serving.until("hello.md").pop().unwrap();
    assert!(line.starts_with("+ hello.md → /posts/hello \"Hello\" dated "), "{line}");
    assert!(
        get(&address("rss")).contains("<title>Hello</title>"),
        "what is announced can be fetched"
    );

    write(site.path(), "posts/hello.md", "---\ntitle: Hello\ndate: 2026-01-31\n");
    let line = serving.until("! hello.md").pop().unwrap();
    assert!(line.contains("hello.md"), "{line}");
    serving.until("1 | ---");
    assert!(
        get(&address("rss")).contains("<title>Hello</title>"),
        "the last good version stays"
    );
    write(
        site.path(),
        "posts/hello.md",
        "---\ntitle: Hello\ndate: 2026-01-31\n---\nMended.\n",
    );
    serving.until("✓ hello.md");
    assert!(get(&address("json")).contains("Mended."));

    std::fs::rename(site.path().join("posts/hello.md"), site.path().join("posts/hi.md")).unwrap();
    serving.until("> hello.md is now hi.md → /posts/hi");
    serving.signal(rustix::process::Signal::INT);
    serving.until("stopped");
    assert_eq!(serving.ended(), Some(0));
    let mut out = String::new();
    serving.child.stdout.take().unwrap().read_to_string(&mut out).unwrap();
    assert_eq!(out, "", "messages for people go to stderr");
}

#[test]
fn the_readme_shows_the_output_of_serve() {
    let project = Path::new(env!("CARGO_MANIFEST_DIR"));
    let readme = std::fs::read_to_string(project.join("README.md")).unwrap();
    let shown = readme.split("```text\n").nth(1).unwrap().split("```").next().unwrap();
    // a copy, so that other tests that read the guide are not disturbed
    let site = folder(&[]);
    copy(&project.join("posts"), &site.path().join("posts"));
    let serving = Serving::start(site.path(), &[]);
    let mut said = serving.until("Ctrl-C ends it");
    let mut addresses = said
        .iter()
        .filter_map(|line| line.split("http://").nth(1)?.split('/').next().map(str::to_owned));
    let address = addresses.next().unwrap();
    let admin = addresses.find(|other| *other != address).unwrap();
    write(
        site.path(),
        "posts/hello.md",
        "---\ntitle: Hello\ndate: 2026-11-16\n---\n\nMy first post.\n",
    );
    said.extend(serving.until("hello.md"));
    std::fs::remove_file(site.path().join("posts/hello.md")).unwrap();
    said.extend(serving.until("hello.md"));
    let said: Vec<String> = said
        .iter()
        .map(|line| line.replace(&address, "127.0.0.1:8080").replace(&admin, "127.0.0.1:8081"))
        // a temporary folder is often in memory or in a container's own file system
        .filter(|line| !line.starts_with("warning: The ledger folder"))
        .collect();
    assert_eq!(said, shown.lines().collect::<Vec<_>>());
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let (entry, to) = (entry.as_ref().unwrap(), to.join(entry.as_ref().unwrap().file_name()));
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &to);
        } else {
            std::fs::copy(entry.path(), to).unwrap();
        }
    }
}

#[test]
fn serve_reports_why_it_cannot_start() {
    let site = folder(&[("posts/a.md", GOOD)]);
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let (status, _, err) = run(&mut feedmill(site.path(), &["serve", "--listen", &address]));
    assert_eq!(status, 2);
    assert!(
        err.contains(&format!("cannot listen at {address}")) && err.contains("--listen"),
        "{err}"
    );
    let cases: [(&[&str], &str); 4] = [
        (
            &["serve", "elsewhere", "--listen", "127.0.0.1:0"],
            "feedmill: there is no folder elsewhere; create it, or name another: feedmill serve FOLDER\n",
        ),
        (
            &["serve", "posts/a.md", "--listen", "127.0.0.1:0"],
            "posts/a.md is a file; name the folder that it is in: feedmill serve posts\n",
        ),
        (
            &["serve", "--listen", "8080"],
            "cannot listen at 8080: this is not HOST:PORT, unix:PATH or systemd; write it like",
        ),
        (
            &["serve", "--base-url", "example.com"],
            "write the whole address, such as `https://example.com`",
        ),
    ];
    for (arguments, expected) in cases {
        let (status, _, err) = run(&mut feedmill(site.path(), arguments));
        assert_eq!(status, 2);
        assert!(err.contains(expected), "{arguments:?}: {err}");
    }
    // the operator's address is a convenience
    let mut serving = Serving::start(site.path(), &["--admin", &address]);
    serving.until("/status and /metrics are not served");
    serving.signal(rustix::process::Signal::TERM);
    assert_eq!(serving.ended(), Some(0));
}

#[test]
fn serve_reports_refused_files_and_counts_changes_of_large_batches() {
    let site = folder(&[("posts/a.md", GOOD)]);
    let serving = Serving::start(site.path(), &[]);
    serving.until("Ctrl-C ends it");
    std::os::unix::fs::symlink("/etc/passwd", site.path().join("posts/passwd.md")).unwrap();
    serving.until("! passwd.md is refused");
    serving.until("warning: it is a link that leads out of the posts folder");
    // moved in one step, so that they are one batch
    for n in 0..40 {
        write(
            site.path(),
            &format!("new/{n:02}.md"),
            "---\ntitle: A: B\ndate: 2026-01-31\n---\n",
        );
    }
    write(site.path(), "new/z.md", "---\ntitle: open\n");
    std::fs::rename(site.path().join("new"), site.path().join("posts/new")).unwrap();
    let said = serving.until("in these: `feedmill check posts` lists them");
    let new_posts = said.iter().filter(|line| line.starts_with("+ new/")).count();
    assert_eq!(new_posts, 5, "{said:#?}");
    assert!(
        said.iter().any(|line| line == "! new/z.md is refused"),
        "never one of the uncounted: {said:#?}"
    );
    assert!(said.iter().any(|line| line == "… and more: 35 added"), "{said:#?}");
    assert!(
        said.last().is_some_and(|line| line.starts_with("40 warnings in these")),
        "{said:#?}"
    );
}

#[test]
fn a_stop_that_waits_for_a_client_is_reported_and_a_second_signal_does_not_wait() {
    let site = folder(&[("posts/a.md", GOOD)]);
    let mut serving = Serving::start(site.path(), &[]);
    let welcome = serving.until("Ctrl-C ends it");
    let read = welcome.iter().find(|line| line.trim_start().starts_with("read")).unwrap();
    let address = read.split('/').nth(2).unwrap();
    let mut client = std::net::TcpStream::connect(address).unwrap();
    client.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n").unwrap();
    // connections are accepted in order, so a response to a later one proves that this one is accepted
    get(&format!("http://{address}/healthz"));
    serving.signal(rustix::process::Signal::TERM);
    serving.until("stopping: open connections get up to 10s to finish");
    serving.signal(rustix::process::Signal::INT);
    assert_eq!(serving.ended(), Some(130));
}

#[test]
fn polling_publishes_too() {
    let site = folder(&[
        ("posts/a.md", GOOD),
        ("feedmill.toml", "[watch]\npoll = 0.05\nsettle = 0.05\n"),
    ]);
    let serving = Serving::start(site.path(), &["--watch", "poll"]);
    serving.until("by scanning at intervals");
    write(site.path(), "posts/b.md", "---\ntitle: B\ndate: 2026-02-01\n---\n");
    serving.until("+ b.md → /posts/b \"B\"");
}

#[test]
fn a_theme_export_overwrites_nothing_and_a_broken_theme_is_a_problem() {
    let site = folder(&[("posts/a.md", GOOD), ("templates/list.html", "mine")]);
    let (status, _, err) = run(&mut feedmill(site.path(), &["theme", "export"]));
    assert!(
        status == 2 && err.contains("templates has list.html already, and nothing was written"),
        "{err}"
    );
    assert!(!site.path().join("templates/style.css").exists());
    let (status, _, err) = run(&mut feedmill(site.path(), &["theme", "export", "--force"]));
    assert_eq!((status, err.as_str()), (0, "11 files written to templates\n"));
    assert_eq!(
        run(&mut feedmill(site.path(), &["check"])).0,
        0,
        "what is written out can be used"
    );
    write(
        site.path(),
        "templates/post.html",
        "{% extends 'layout.html' %}\n{{ page.titel }}\n",
    );
    let (status, out, _) = run(&mut feedmill(site.path(), &["check"]));
    assert!(
        status == 1 && out.contains("templates/post.html:2:") && out.contains("{{ page.titel }}"),
        "{out}"
    );
}

#[test]
fn a_folder_alone_is_served_and_the_operator_s_address_can_be_off() {
    let site = folder(&[("notes/a.md", GOOD)]);
    // the port of an option counts, also where the variable of the address is set
    let mut child = feedmill(site.path(), &["notes", "--port", "0"])
        .env("FEEDMILL_ADMIN", "off")
        .env("FEEDMILL_LISTEN", "127.0.0.2:1")
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok);
    let mut said = Vec::new();
    for line in lines.by_ref() {
        said.push(line);
        if said.last().unwrap().contains("Ctrl-C ends it") {
            break;
        }
    }
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(said.iter().any(|line| line.contains("1 post in notes")), "{said:#?}");
    assert!(!said.iter().any(|line| line.contains("/status")), "{said:#?}");
    let is_shown = |line: &String| line.contains("http://127.0.0.2:") && !line.contains("127.0.0.2:1/");
    assert!(said.iter().any(is_shown), "{said:#?}");
}

#[test]
fn shells_and_manual_readers_are_served() {
    let site = folder(&[]);
    for shell in ["bash", "zsh", "fish"] {
        let (status, out, err) = run(&mut feedmill(site.path(), &["completions", shell]));
        assert_eq!(status, 0, "{err}");
        assert!(out.contains("feedmill") && out.contains("serve"), "{shell}: {out}");
    }
    let (status, _, err) = run(&mut feedmill(site.path(), &["man", "pages"]));
    assert_eq!(status, 0, "{err}");
    for page in ["feedmill.1", "feedmill-serve.1", "feedmill-build.1"] {
        let text = std::fs::read_to_string(site.path().join("pages").join(page)).unwrap();
        assert!(text.contains(".TH ") && text.contains("feedmill"), "{page}: {text}");
    }
    // each page that another one names is there
    let pages = std::fs::read_dir(site.path().join("pages")).unwrap().flatten();
    for page in pages.map(|entry| entry.path()) {
        let text = std::fs::read_to_string(&page).unwrap().replace("\\-", "-");
        for named in text.match_indices("(1)").map(|(at, _)| &text[..at]) {
            let name = named.rsplit(|c: char| c.is_whitespace() || c == '\\').next().unwrap();
            let name = name.trim_start_matches("fB").trim_start_matches("fR");
            assert!(
                page.with_file_name(format!("{name}.1")).exists(),
                "{}: {name:?}",
                page.display()
            );
        }
    }
}

#[test]
fn check_counts_errors_alone_and_annotates_for_github() {
    let site = folder(&[("posts/warned, 1.md", "---\ntitle: A: B\ndate: 2026-01-31\n---\nText.\n")]);
    let (status, out, _) = run(&mut feedmill(site.path(), &["check", "--errors"]));
    assert_eq!((status, out.as_str()), (0, ""), "a warning is not an error");
    let (status, out, _) = run(&mut feedmill(site.path(), &["check", "--format", "github"]));
    assert_eq!(status, 1);
    assert!(
        out.starts_with("::warning file=posts/warned%2C 1.md,line=2,col=9,title=yaml-syntax::a value without quotes"),
        "{out}"
    );
    write(site.path(), "posts/b.md", "---\ntitle: B\ndate: 2026-02-30\n---\nText.\n");
    let (status, out, _) = run(&mut feedmill(site.path(), &["check", "--errors", "--format", "github"]));
    assert_eq!((status, out.lines().count()), (1, 1), "{out}");
    assert!(out.starts_with("::error file=posts/b.md,line=3,col=7,title="), "{out}");
}
