//! What a person at a terminal is told, on stderr: a line for what happens to a ticket,
//! none for each call and each sweep that found nothing.

use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::prelude::*;
use tracing_subscriber::{Registry, reload};

/// The lines until the stack is ready, and from then on.
pub struct Logs {
    filter: reload::Handle<Targets, Registry>,
    when_ready: Targets,
}

/// `RUST_LOG` cannot be read.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "RUST_LOG is {found:?}, and must be levels by crate: write one like info, or \
     info,paypal_standin=debug,local=debug for each call"
)]
pub struct InvalidFilter {
    found: String,
}

impl Logs {
    /// Begins to log, as `RUST_LOG` says.
    ///
    /// # Errors
    /// When it says nothing that can be read.
    pub fn start(rust_log: Option<&str>) -> Result<Self, InvalidFilter> {
        let when_ready = filter(rust_log)?;
        let first = match rust_log {
            // Nobody has done what the functions log while the sample tickets are made,
            // and one in review is an error by design.
            None | Some("") => Targets::new()
                .with_target("local", LevelFilter::WARN)
                .with_target("paypal_standin", LevelFilter::WARN)
                .with_target("dynoxide", LevelFilter::ERROR),
            Some(_) => when_ready.clone(),
        };
        let (first, filter) = reload::Layer::new(first);
        let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
        tracing_subscriber::registry()
            .with(lines.with_filter(first))
            .init();
        Ok(Self { filter, when_ready })
    }

    /// From now on all that somebody does is logged.
    pub fn ready(self) {
        // It fails only where the subscriber is gone, and nobody reads any line then.
        let _ = self.filter.reload(self.when_ready);
    }
}

fn filter(rust_log: Option<&str>) -> Result<Targets, InvalidFilter> {
    match rust_log {
        None | Some("") => Ok(Targets::new()
            .with_default(LevelFilter::INFO)
            // Every refused condition is a warning to the embedded table; to us it is an
            // answer like any other.
            .with_target("dynoxide", LevelFilter::ERROR)
            // Here the sweep looks at all that is open every few seconds, and a payment
            // that PayPal holds back would be told of each time.
            .with_target("settle::sweep", LevelFilter::WARN)
            .with_target("settle::trail", LevelFilter::WARN)
            .with_target("settle::decision::report", LevelFilter::WARN)
            // A line for each request and for each call of PayPal.
            .with_target("logs", LevelFilter::WARN)
            .with_target("paypal::client::call", LevelFilter::WARN)),
        Some(text) => text.parse().map_err(|_| InvalidFilter {
            found: text.to_owned(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use tracing_subscriber::filter::LevelFilter;

    use super::*;

    #[test]
    fn without_rust_log_payments_are_told_and_calls_and_sweeps_are_not() {
        let told = filter(None).unwrap();
        let level = LevelFilter::INFO.into_level().unwrap();
        assert!(told.would_enable("settle::writing_down", &level));
        for each_time in ["settle::sweep", "settle::trail", "logs::answering"] {
            assert!(!told.would_enable(each_time, &level), "{each_time}");
        }
        assert!(!told.would_enable("paypal::client::call", &level));
        let level = LevelFilter::WARN.into_level().unwrap();
        assert!(told.would_enable("paypal::client::call", &level));
        assert_eq!(filter(Some("")).unwrap(), told);
    }

    #[test]
    fn rust_log_is_respected_and_one_that_cannot_be_read_is_said_with_what_to_write() {
        let told = filter(Some("warn,paypal_standin=debug")).unwrap();
        let level = LevelFilter::DEBUG.into_level().unwrap();
        assert!(told.would_enable("paypal_standin::exchange", &level));
        assert!(!told.would_enable("settle::writing_down", &level));
        let text = filter(Some("settle=loud")).unwrap_err().to_string();
        assert!(
            text.contains("settle=loud") && text.contains("info"),
            "{text}"
        );
    }
}
