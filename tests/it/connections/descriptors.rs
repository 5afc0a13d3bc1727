//! Too few file descriptors.

use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use tempfile::TempDir;

use super::limits::connect_from;
use super::{Client, PATIENCE, wait_until};

/// The program, running in its own folder. Dropping this ends it.
pub(super) struct Running {
    child: Child,
    folder: TempDir,
    lines: Receiver<String>,
}

impl Running {
    /// Starts `command` in a folder with posts in `posts`.
    pub(super) fn start(mut command: Command) -> Running {
        let folder = TempDir::new().unwrap();
        std::fs::create_dir(folder.path().join("posts")).unwrap();
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("FEEDMILL_")) {
            command.env_remove(name);
        }
        let mut child = command
            .current_dir(folder.path())
            .stderr(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        let (sender, lines) = channel();
        std::thread::spawn(move || stderr.lines().map_while(Result::ok).all(|line| sender.send(line).is_ok()));
        Running { child, folder, lines }
    }

    /// Returns its output up to the line that contains `wanted`.
    pub(super) fn until(&self, wanted: &str) -> String {
        let mut seen = String::new();
        while !seen.contains(wanted) {
            match self.lines.recv_timeout(PATIENCE) {
                Ok(line) => seen = seen + &line + "\n",
                Err(error) => panic!("{wanted:?} was not said ({error}); what was: {seen}"),
            }
        }
        seen
    }

    /// Its processor time, in hundredths of a second.
    fn ticks(&self) -> u64 {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap();
        let after_name = stat.rsplit(')').next().unwrap();
        let fields: Vec<&str> = after_name.split_whitespace().collect();
        fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()
    }

    fn descriptors(&self) -> usize {
        std::fs::read_dir(format!("/proc/{}/fd", self.child.id())).unwrap().count()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Starts the program with at most `limit` descriptors, and returns its address.
fn with_descriptors(limit: usize) -> (Running, SocketAddr) {
    let mut command = Command::new("sh");
    command
        .args(["-c", &format!("ulimit -n {limit}; exec \"$0\" \"$@\"")])
        .arg(env!("CARGO_BIN_EXE_feedmill"))
        .args(["serve", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"]);
    let running = Running::start(command);
    let welcome = running.until("Ctrl-C ends it");
    let read = welcome.lines().find(|line| line.trim_start().starts_with("read")).unwrap();
    let address = read.split("http://").nth(1).unwrap().trim_matches('/').parse().unwrap();
    (running, address)
}

fn get(address: SocketAddr, path: &str) -> Option<u16> {
    let mut client = Client::connect(address);
    let _ = client
        .stream
        .write_all(format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n").as_bytes());
    client.try_answer().map(|answer| answer.status)
}

/// Requests a file that `client` does not read.
fn fetch_slowly(client: &mut Client) {
    client.send("GET /media/large.bin HTTP/1.1\r\nHost: a\r\n\r\n");
}

#[test]
fn connections_leave_descriptors_for_the_posts_and_the_ledger() {
    for limit in [64, 120] {
        let (running, address) = with_descriptors(limit);
        let large = std::fs::File::create(running.folder.path().join("posts/large.bin")).unwrap();
        large.set_len(256 << 20).unwrap();
        // idle ones, silent ones, and the most that can be sent a file
        let mut held: Vec<Client> = (0..200).map(|_| Client::connect(address)).collect();
        for client in held.iter_mut().rev().take(100) {
            fetch_slowly(client);
        }
        // each new client gets its response or a 503
        for _ in 0..20 {
            assert!(matches!(get(address, "/healthz"), Some(200 | 503)), "ulimit -n {limit}");
        }
        for name in ["new", "newer"] {
            std::fs::write(running.folder.path().join(format!("posts/{name}.md")), "Just text.\n").unwrap();
            let said = running.until(&format!("+ {name}.md"));
            assert!(!said.contains("cannot"), "ulimit -n {limit}: {said}");
        }
        assert!(running.descriptors() < limit, "ulimit -n {limit}: all are taken");
        drop(held);
        wait_until("it answers again", || get(address, "/posts/newer") == Some(200));
        let ledger = rusqlite::Connection::open(running.folder.path().join(".feedmill/posts/ledger.db")).unwrap();
        wait_until("the ledger has both", || {
            let count = ledger.query_row("SELECT count(*) FROM record WHERE json LIKE '%\"new%.md\"%'", [], |row| {
                row.get(0)
            });
            count.is_ok_and(|count: i64| count == 2)
        });
    }
}

#[test]
fn without_descriptors_the_server_waits_and_does_not_spin() {
    let (running, address) = with_descriptors(120);
    let limit = running.descriptors() + 2;
    let pid = rustix::process::Pid::from_child(&running.child);
    let lowered = rustix::process::Rlimit {
        current: Some(limit as u64),
        maximum: Some(120),
    };
    rustix::process::prlimit(Some(pid), rustix::process::Resource::Nofile, lowered).unwrap();
    let held: Vec<TcpStream> = (0..60).map(|_| TcpStream::connect(address).unwrap()).collect();
    wait_until("it has no descriptor left", || running.descriptors() >= limit);
    let before = running.ticks();
    // not a wait for an event: nothing may happen in this time
    std::thread::sleep(Duration::from_secs(1));
    let spent = running.ticks() - before;
    assert!(spent < 30, "it took {spent} hundredths of a second to do nothing");
    drop(held);
    wait_until("it answers again", || get(address, "/healthz") == Some(200));
}

#[test]
fn five_thousand_idle_connections_from_twenty_addresses_keep_no_client_out() {
    const IDLE: usize = 5000;
    let needed = IDLE as u64 + 200;
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile);
    if limit.current.is_some_and(|current| current < needed) {
        let raised = rustix::process::Rlimit {
            current: Some(needed),
            ..limit
        };
        if rustix::process::setrlimit(rustix::process::Resource::Nofile, raised).is_err() {
            let _ = writeln!(
                std::io::stderr(),
                "skipped: {needed} open files are needed, and the system allows {:?}",
                limit.maximum
            );
            return;
        }
    }
    let (running, address) = with_descriptors(usize::try_from(needed).unwrap() + 8000);
    let mut idle = Vec::new();
    for n in 0..IDLE {
        let from = Ipv4Addr::new(127, 0, 0, u8::try_from(2 + n % 20).unwrap());
        let mut client = connect_from(from, address);
        client.send("GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n");
        idle.push(client);
    }
    let since = std::time::Instant::now();
    assert_eq!(get(address, "/healthz"), Some(200));
    let _ = writeln!(
        std::io::stderr(),
        "with {IDLE} idle connections a request took {:?}",
        since.elapsed()
    );
    for _ in 0..20 {
        assert_eq!(get(address, "/rss.xml"), Some(200));
    }
    assert!(running.descriptors() > 1000);
}
