//! One process of one function.

use std::process::{ExitStatus, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::bootstrap;
use crate::city::Variables;
use crate::runtime_api::RuntimeApi;

/// Longer than any function may take, and than a start on a busy machine.
const PATIENCE: Duration = Duration::from_mins(1);

/// A running function.
pub struct Lambda {
    name: String,
    child: Child,
    api: RuntimeApi,
    timeout: Duration,
    output: Output,
    readers: [JoinHandle<()>; 2],
    /// Nobody sends: it closes when the process does.
    alive: watch::Receiver<()>,
    invocations: AtomicU32,
}

/// Every line a process has printed, on either stream.
#[derive(Clone, Debug, Default)]
pub struct Output(Arc<Mutex<Vec<String>>>);

/// A process that ended by itself.
#[derive(Debug)]
pub struct Ended {
    /// How.
    pub status: ExitStatus,
    /// What it had to say.
    pub output: String,
}

impl Output {
    /// The lines so far.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }

    fn keep(
        &self,
        stream: impl AsyncRead + Send + Unpin + 'static,
        alive: Arc<watch::Sender<()>>,
    ) -> JoinHandle<()> {
        let lines = Arc::clone(&self.0);
        tokio::spawn(async move {
            let _alive = alive;
            let mut reading = BufReader::new(stream).lines();
            while let Ok(Some(line)) = reading.next_line().await {
                lines.lock().unwrap().push(line);
            }
        })
    }
}

impl Lambda {
    /// Starts the function with these variables and not one more.
    pub async fn start(name: &str, variables: &Variables, timeout: Duration) -> Self {
        let api = RuntimeApi::start().await;
        let mut child = Command::new(bootstrap::path(name))
            .env_clear()
            .envs(variables)
            .env("AWS_LAMBDA_FUNCTION_NAME", name)
            .env("AWS_LAMBDA_RUNTIME_API", &api.address)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let output = Output::default();
        let (sender, alive) = watch::channel(());
        let sender = Arc::new(sender);
        let readers = [
            output.keep(child.stdout.take().unwrap(), Arc::clone(&sender)),
            output.keep(child.stderr.take().unwrap(), sender),
        ];
        Self {
            name: name.to_owned(),
            child,
            api,
            timeout,
            output,
            readers,
            alive,
            invocations: AtomicU32::new(0),
        }
    }

    /// Hands it an event and waits for the answer, which must not be an error.
    pub async fn invoke(&self, event: Value, now: Timestamp) -> Value {
        let number = self.invocations.fetch_add(1, Ordering::Relaxed);
        let id = self.request_id(number);
        let answer = self.api.invoke(&id, event, now, self.timeout);
        let mut alive = self.alive.clone();
        let outcome = tokio::select! {
            answer = timeout(PATIENCE, answer) => answer,
            _ = alive.changed() => panic!("{} ended\n{:#?}", self.name, self.output.lines()),
        };
        match outcome {
            Ok(Ok(Ok(answer))) => answer,
            other => panic!("{}: {other:?}\n{:#?}", self.name, self.output.lines()),
        }
    }

    /// The id of its invocation of this number, from 0.
    #[must_use]
    pub fn request_id(&self, number: u32) -> String {
        format!("{}-{number}", self.name)
    }

    /// How often it was invoked.
    #[must_use]
    pub fn invocations(&self) -> u32 {
        self.invocations.load(Ordering::Relaxed)
    }

    /// Ends the process; every line it has printed in its life.
    pub async fn stop(mut self) -> Vec<String> {
        self.child.start_kill().unwrap();
        self.child.wait().await.unwrap();
        for reader in self.readers {
            reader.await.unwrap();
        }
        self.output.lines()
    }

    /// Waits until the process ends by itself.
    pub async fn ended(mut self) -> Ended {
        let Ok(status) = timeout(PATIENCE, self.child.wait()).await else {
            panic!("{} runs on\n{:#?}", self.name, self.output.lines());
        };
        for reader in self.readers {
            reader.await.unwrap();
        }
        Ended {
            status: status.unwrap(),
            output: self.output.lines().join("\n"),
        }
    }
}
