//! `feedmill push`: shows who subscribes, ends subscriptions, and has a feed sent again.
//!
//! `list` reads the storage, which works whether a server runs or not. What changes something is asked of the running server at the
//! operator's address, because only the server may write to its storage. Without a server, `drop` writes to the storage itself.

use std::collections::BTreeMap;
use std::io::Write;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, bail};
use camino::Utf8PathBuf;
use clap::{Args, Subcommand};
use url::{Url, form_urlencoded};

use super::settings::{self, Settings};
use super::terminal::{counted, print_message};
use crate::config::Config;
use crate::http::admin::PUSH_HEADER;
use crate::outgoing::address::named_networks;
use crate::outgoing::{Client, Limits, OutgoingRequest};
use crate::push::hub::counted_topics;
use crate::push::subscription::{Subscription, host_of};
use crate::storage::{PushRow, Storage, StorageError};
use crate::time::Moment;

/// How long the server may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// The most bytes of its answer.
const MAX_ANSWER: u64 = 64 * 1024;

/// The options of `push`.
#[derive(Debug, Args)]
pub(super) struct PushArgs {
    #[command(subcommand)]
    command: PushCommand,
}

#[derive(Debug, Subcommand)]
enum PushCommand {
    /// List the feeds that have subscribers, and the hosts of these
    List(PushOptions),
    /// End all subscriptions of a host
    Drop {
        /// The host of the callbacks, such as `reader.example`
        host: String,
        #[command(flatten)]
        options: PushOptions,
    },
    /// Have a running server send a feed to its subscribers though nothing is new
    Test {
        /// The feed: its address, or its path such as `/atom.xml`
        topic: String,
        #[command(flatten)]
        options: PushOptions,
    },
}

/// The options that select the storage.
#[derive(Debug, Args)]
struct PushOptions {
    /// The folder of posts [default: posts]
    #[arg(long, value_name = "DIR", env = "FEEDMILL_POSTS", hide_env_values = true)]
    posts: Option<Utf8PathBuf>,
    /// The operator's address of the server [default: 127.0.0.1:8081]
    #[arg(long, value_name = "ADDR", env = "FEEDMILL_ADMIN", hide_env_values = true)]
    admin: Option<String>,
    #[command(flatten)]
    settings: Settings,
}

/// Runs the command.
pub(super) fn run(arguments: PushArgs) -> anyhow::Result<ExitCode> {
    match arguments.command {
        PushCommand::List(options) => list(&options.load()?.1),
        PushCommand::Drop { host, options } => {
            let (config, storage) = options.load()?;
            drop_host(&config, &storage, &host)
        }
        PushCommand::Test { topic, options } => {
            let (config, storage) = options.load()?;
            let base = config.base();
            let path = topic.strip_prefix(&base).unwrap_or(&topic);
            if storage.open_exclusive().is_ok() {
                bail!("no server runs with the state folder {storage}; start it first: feedmill serve");
            }
            print_message(&ask_server(&config, "test", ("topic", path))?);
            Ok(ExitCode::SUCCESS)
        }
    }
}

impl PushOptions {
    fn load(self) -> anyhow::Result<(Config, Storage)> {
        let admin = self.admin;
        let (config, _) = self.settings.load(self.posts, |config| {
            config.server.admin = admin.unwrap_or_else(|| std::mem::take(&mut config.server.admin));
        })?;
        let storage = settings::storage(&config)?;
        Ok((Config::clone(&config), storage))
    }
}

/// The stored subscriptions among `rows`.
fn subscriptions(rows: &[PushRow]) -> Vec<Subscription> {
    rows.iter().filter_map(Subscription::from_row).collect()
}

fn list(storage: &Storage) -> anyhow::Result<ExitCode> {
    let rows = storage
        .load_push_rows()
        .map_err(|error| anyhow::anyhow!("the subscriptions in {storage} cannot be read: {error}; {}", error.mend()))?;
    let all = subscriptions(&rows);
    if all.is_empty() {
        print_message(&format!("feedmill: there are no subscriptions in {storage}\n"));
        return Ok(ExitCode::SUCCESS);
    }
    let mut out = anstream::stdout();
    for (topic, count) in counted_topics(all.iter()) {
        writeln!(out, "{topic}\t{}", counted(count, "subscription"))?;
    }
    writeln!(out)?;
    // the host alone: whoever knows a callback can send entries to a subscriber
    let mut hosts = BTreeMap::new();
    for subscription in &all {
        let host = host_of(&subscription.callback).unwrap_or_default();
        let (count, waiting, until) = hosts.entry(host).or_insert((0, 0, subscription.until));
        *count += 1;
        *waiting += usize::from(subscription.waiting.is_some());
        *until = subscription.until.min(*until);
    }
    for (host, (count, waiting, until)) in hosts {
        let until = Moment::utc(until).rfc3339();
        let subscriptions = counted(count, "subscription");
        writeln!(out, "{host}\t{subscriptions}\t{waiting} waiting\tthe first until {until}")?;
    }
    Ok(ExitCode::SUCCESS)
}

fn drop_host(config: &Config, storage: &Storage, host: &str) -> anyhow::Result<ExitCode> {
    let dropped = match storage.open_exclusive() {
        Err(StorageError::Locked(_)) => {
            print_message(&ask_server(config, "drop", ("host", host))?);
            return Ok(ExitCode::SUCCESS);
        }
        Err(error) => bail!("{storage} cannot be opened: {error}; {}", error.mend()),
        Ok((mut exclusive, _)) => {
            let rows = storage.load_push_rows().map_err(|error| anyhow::anyhow!("{error}"))?;
            let of_host = |subscription: &Subscription| host_of(&subscription.callback).as_deref() == Some(host);
            let ended: Vec<PushRow> = subscriptions(&rows)
                .iter()
                .filter(|subscription| of_host(subscription))
                .map(Subscription::deletion)
                .collect();
            let count = ended.len();
            exclusive.write_push(ended).map_err(|error| anyhow::anyhow!("{error}"))?;
            count
        }
    };
    print_message(&format!("{} of {host} ended\n", counted(dropped, "subscription")));
    Ok(ExitCode::SUCCESS)
}

/// Asks the running server for `what`. Returns its answer.
fn ask_server(config: &Config, what: &str, (name, value): (&str, &str)) -> anyhow::Result<String> {
    let admin = &config.server.admin;
    let instead = "stop the server first, or give it an operator's address such as 127.0.0.1:8081 (`server.admin`)";
    let Ok(mut address) = admin.parse::<SocketAddr>() else {
        bail!("the running server cannot be asked, because its operator's address is `{admin}`; {instead}");
    };
    // an address for all interfaces is asked on this machine
    if address.ip().is_unspecified() {
        address.set_ip(match address {
            SocketAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
            SocketAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
        });
    }
    let query = form_urlencoded::Serializer::new(String::new())
        .append_pair(name, value)
        .finish();
    let url: Url = format!("http://{address}/push/{what}?{query}").parse()?;
    let limits = Limits {
        bytes: MAX_ANSWER,
        time: PATIENCE,
        redirects: 0,
    };
    let request = OutgoingRequest::post(&url, b"").with_header(PUSH_HEADER, "1");
    let response = Client::new(named_networks(&url))
        .send(&request, limits)
        .with_context(|| format!("the server did not answer at {address}, its operator's address; {instead}"))?;
    let status = response.status();
    let answer = String::from_utf8_lossy(&response.read_to_vec()?).into_owned();
    if !status.is_success() {
        bail!("{}", answer.trim_end());
    }
    Ok(answer)
}
