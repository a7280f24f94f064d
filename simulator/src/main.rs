//! The `simulator` command: reads options, plays scenarios or sends one message, prints, sets the
//! exit code. Owns the clock's seed and the terminal; must never print card data in clear.

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};
use codec::{Dialect, Element, Mti, Pan};
use jiff::Timestamp;
use simulator::compose;
use simulator::generate::Generator;
use simulator::link::Peer;
use simulator::mask;
use simulator::network::Network;
use simulator::readable::Shown;
use simulator::report::{self, RunReport};
use simulator::runner::{self, Settings};
use simulator::scenario::Scenario;
use simulator::sign_on;
use simulator::single::{self, Order};
use simulator::transcript::Sent;
use tokio::net::TcpListener;

/// DE70 of an echo test.
const ECHO: &str = "301";
/// All expectations held, or an answer came.
const GOOD: u8 = 0;
/// An expectation did not hold, or no answer came.
const NOT_GOOD: u8 = 1;
/// Usage, or a file that cannot be used.
const USAGE: u8 = 2;

/// A card network in a box: plays scenarios against an authorization switch and judges its answers.
#[derive(Debug, Parser)]
#[command(name = "simulator", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Play scenario files; exit 0 only when every expectation held
    Run {
        /// Scenario files
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
        /// Play with another card number instead of one of the files (may be repeated), such as for runs at
        /// the same time
        #[arg(long = "card", value_name = "CARD=OTHER")]
        cards: Vec<String>,
        #[command(flatten)]
        common: Common,
    },
    /// Send one message and show the answer in words; exit 0 when an answer came
    Send {
        #[command(flatten)]
        order: OrderOptions,
        #[command(flatten)]
        common: Common,
    },
    /// Send an echo test (0800, code 301)
    Echo {
        #[command(flatten)]
        common: Common,
    },
}

#[derive(Debug, Args)]
struct Common {
    /// The network to play: generic, visa, mastercard or elo, or another file of the directory of networks
    #[arg(long, value_name = "NAME", default_value = "generic")]
    network: String,
    /// Directory of the networks
    #[arg(long, value_name = "DIR", default_value = "config/simulator")]
    networks: PathBuf,
    /// The switch to talk to
    #[arg(long, value_name = "HOST:PORT", required_unless_present = "listen")]
    target: Option<String>,
    /// Wait there for the switch to connect, instead of connecting to it
    #[arg(long, value_name = "HOST:PORT", conflicts_with = "target")]
    listen: Option<String>,
    /// Another dialect than that of the network
    #[arg(long, value_name = "FILE")]
    dialect: Option<PathBuf>,
    /// Print JSON for machines
    #[arg(long)]
    json: bool,
    /// How long an answer or a connection may take
    #[arg(long, value_name = "MS", default_value_t = 5000)]
    timeout_ms: u64,
}

#[derive(Args)]
struct OrderOptions {
    /// Card number, such as 4000001200000016 of the demo data
    #[arg(long)]
    pan: String,
    /// Amount in the currency's units, such as 12.50 (leave out for a balance inquiry)
    #[arg(long)]
    amount: Option<String>,
    /// Message type: 0100 authorization, 0200 financial
    #[arg(long, default_value = "0100")]
    mti: String,
    /// DE3: 003000 purchase on credit, 002000 on debit, 013000 cash, 200030 refund, 313000 inquiry
    #[arg(long, default_value = "003000")]
    processing_code: String,
    /// Currency, as 840 or USD
    #[arg(long, default_value = "840")]
    currency: String,
    /// A further element; wins over the defaults (may be repeated)
    #[arg(long = "field", value_name = "N=VALUE")]
    fields: Vec<String>,
}

// The options hold a card number: Debug must not print it.
impl std::fmt::Debug for OrderOptions {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("OrderOptions")
            .field("mti", &self.mti)
            .finish_non_exhaustive()
    }
}

/// Why the command ends early: an exit code and what to say.
struct Stop {
    code: u8,
    message: String,
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        Self {
            code: NOT_GOOD,
            message: format!("output: {error}"),
        }
    }
}

fn usage(message: String) -> Stop {
    Stop {
        code: USAGE,
        message,
    }
}

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return refuse_arguments(&error),
    };
    let runtime = match tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => {
            return stop(&Stop {
                code: NOT_GOOD,
                message: error.to_string(),
            });
        }
    };
    let done = runtime.block_on(async {
        match cli.command {
            Command::Run {
                files,
                cards,
                common,
            } => run(&files, &cards, &common).await,
            Command::Send { order, common } => Box::pin(send(order, &common)).await,
            Command::Echo { common } => Box::pin(echo(&common)).await,
        }
    });
    match done {
        Ok(code) => ExitCode::from(code),
        Err(reason) => stop(&reason),
    }
}

/// Help and version go to stdout and are good; anything else repeats what was typed, so it is
/// masked first.
fn refuse_arguments(error: &clap::Error) -> ExitCode {
    if !error.use_stderr() {
        return match write!(io::stdout().lock(), "{}", error.render()) {
            Ok(()) => ExitCode::from(GOOD),
            Err(_) => ExitCode::from(NOT_GOOD),
        };
    }
    stop(&usage(mask::text(error.render().to_string().trim_end())))
}

fn stop(reason: &Stop) -> ExitCode {
    // With stderr gone there is nowhere left to say it; the exit code still tells.
    drop(writeln!(io::stderr().lock(), "{}", reason.message));
    ExitCode::from(reason.code)
}

fn load_network(common: &Common) -> Result<Network, Stop> {
    let file = common.networks.join(format!("{}.toml", common.network));
    let mut network = Network::load(&file).map_err(|error| usage(error.to_string()))?;
    if let Some(dialect) = &common.dialect {
        network.dialect = Dialect::load(dialect).map_err(|error| usage(error.to_string()))?;
    }
    Ok(network)
}

/// The listener that the switch connects to, where it does.
async fn listen(common: &Common) -> Result<Option<TcpListener>, Stop> {
    let Some(address) = &common.listen else {
        return Ok(None);
    };
    let listener = TcpListener::bind(address).await;
    let listener = listener.map_err(|error| usage(format!("--listen {address}: {error}")))?;
    Ok(Some(listener))
}

fn settings<'a>(
    common: &'a Common,
    network: &'a Network,
    listener: Option<&'a TcpListener>,
) -> Settings<'a> {
    Settings {
        dialect: &network.dialect,
        peer: match listener {
            Some(listener) => Peer::Connects(listener),
            None => Peer::Listens(common.target.as_deref().unwrap_or_default()),
        },
        limit: Duration::from_millis(common.timeout_ms),
        sign_on: network.sign_on.as_deref(),
    }
}

/// A generator whose STANs start elsewhere in every process.
fn generator() -> Generator {
    let nanoseconds = Timestamp::now()
        .as_nanosecond()
        .rem_euclid(i128::from(u64::MAX));
    let time = u64::try_from(nanoseconds).unwrap_or(0);
    Generator::new(time ^ u64::from(std::process::id()).rotate_left(32))
}

/// Two card numbers of an option. The error does not repeat them.
fn cards(option: &str) -> Result<(Pan, Pan), Stop> {
    let pair = option.split_once('=');
    let pair =
        pair.and_then(|(card, other)| Some((Pan::parse(card).ok()?, Pan::parse(other).ok()?)));
    pair.ok_or_else(|| usage("--card: expected two card numbers as CARD=OTHER".to_owned()))
}

async fn run(files: &[PathBuf], replaced: &[String], common: &Common) -> Result<u8, Stop> {
    let replaced: Vec<(Pan, Pan)> = replaced
        .iter()
        .map(|pair| cards(pair))
        .collect::<Result<_, Stop>>()?;
    let network = load_network(common)?;
    let listener = listen(common).await?;
    let mut scenarios = Vec::with_capacity(files.len());
    let mut wrong = Vec::new();
    for file in files {
        match Scenario::load(file, &network, &replaced) {
            Ok(scenario) => scenarios.push(scenario),
            Err(errors) => wrong.push(format!("error {errors}")),
        }
    }
    if !wrong.is_empty() {
        return Err(usage(wrong.join("\n")));
    }
    let mut out = io::stdout().lock();
    let mut generator = generator();
    let mut reports = Vec::with_capacity(scenarios.len());
    for scenario in &scenarios {
        if !common.json {
            report::print_head(
                &mut out,
                &scenario.name,
                &scenario.file,
                &scenario.description,
            )?;
        }
        let mut on_step = |step: &report::StepReport| {
            if common.json {
                Ok(())
            } else {
                report::print_step(&mut out, step)
            }
        };
        let played = Box::pin(runner::play(
            scenario,
            settings(common, &network, listener.as_ref()),
            &mut generator,
            &mut on_step,
        ));
        reports.push(played.await?);
        if !common.json {
            writeln!(out)?;
        }
    }
    let report = RunReport::new(reports);
    if common.json {
        print_json(&mut out, &report)?;
    } else {
        report::print_sum(&mut out, &report)?;
    }
    Ok(if report.held { GOOD } else { NOT_GOOD })
}

async fn send(options: OrderOptions, common: &Common) -> Result<u8, Stop> {
    let OrderOptions {
        pan,
        amount,
        mti,
        processing_code,
        currency,
        fields,
    } = options;
    let order = Order {
        mti,
        pan,
        amount,
        processing_code,
        currency,
        fields,
    };
    let fresh = generator().fresh(Timestamp::now());
    let (mti, sent) = single::build(&order, &fresh).map_err(usage)?;
    exchange(mti, &sent, common).await
}

async fn echo(common: &Common) -> Result<u8, Stop> {
    let (mti, fields) = sign_on::request(ECHO, &mut generator()).map_err(usage)?;
    let sent = Sent {
        mti: Some(mti),
        fields,
    };
    exchange(mti, &sent, common).await
}

async fn exchange(mti: Mti, sent: &Sent, common: &Common) -> Result<u8, Stop> {
    let network = load_network(common)?;
    let listener = listen(common).await?;
    let body = compose::encode(&network.dialect, mti, &sent.fields)
        .map_err(|error| usage(format!("the message cannot be written: {error}")))?;
    let stan = sent.fields.get(Element::STAN);
    let settings = settings(common, &network, listener.as_ref());
    let (answer, elapsed) = single::exchange(settings, &body, stan)
        .await
        .map_err(|reason| Stop {
            code: NOT_GOOD,
            message: reason,
        })?;
    let shown = Shown {
        dialect: &network.dialect,
        mti,
        sent,
        answer: &answer,
        elapsed,
        target: [&common.target, &common.listen]
            .into_iter()
            .find_map(Option::as_deref)
            .unwrap_or_default(),
    };
    let mut out = io::stdout().lock();
    if common.json {
        print_json(&mut out, &shown.json())?;
    } else {
        shown.print(&mut out)?;
    }
    Ok(GOOD)
}

fn print_json(out: &mut impl Write, value: &impl serde::Serialize) -> Result<(), Stop> {
    serde_json::to_writer_pretty(&mut *out, value).map_err(io::Error::from)?;
    writeln!(out)?;
    Ok(())
}
