//! One process of one function.

use std::process::{ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
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
use crate::runtime_api::{Outcome, RuntimeApi};

/// Longer than any function may take, and than a start on a busy machine.
const PATIENCE: Duration = Duration::from_mins(1);

/// A running function.
pub struct Lambda {
    name: String,
    child: Mutex<Child>,
    api: RuntimeApi,
    timeout: Duration,
    output: Output,
    readers: [JoinHandle<()>; 2],
    /// Nobody sends: it closes when the process does.
    alive: watch::Receiver<()>,
    invocations: AtomicU32,
    killed: AtomicBool,
}

/// The process was killed before it had answered: nobody knows how far it came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Killed;

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
            child: Mutex::new(child),
            api,
            timeout,
            output,
            readers,
            alive,
            invocations: AtomicU32::new(0),
            killed: AtomicBool::new(false),
        }
    }

    /// Hands it an event and waits for the answer, which must not be an error.
    pub async fn invoke(&self, event: Value, now: Timestamp) -> Value {
        match self.invoke_unless_killed(event, now).await {
            Ok(answer) => answer,
            Err(Killed) => panic!("{} was killed", self.name),
        }
    }

    /// Hands it an event and waits for the error that Lambda is told.
    pub async fn invoke_in_vain(&self, event: Value, now: Timestamp) -> Value {
        match self.outcome(event, now).await {
            Ok(Err(error)) => error,
            other => panic!("{}", self.said(&format!("{other:?}"))),
        }
    }

    /// Hands it an event and waits for the answer, which must not be an error.
    ///
    /// # Errors
    /// When the process was killed before it had answered.
    pub async fn invoke_unless_killed(
        &self,
        event: Value,
        now: Timestamp,
    ) -> Result<Value, Killed> {
        match self.outcome(event, now).await? {
            Ok(answer) => Ok(answer),
            Err(error) => panic!("{}", self.said(&error.to_string())),
        }
    }

    async fn outcome(&self, event: Value, now: Timestamp) -> Result<Outcome, Killed> {
        let number = self.invocations.fetch_add(1, Ordering::Relaxed);
        let id = self.request_id(number);
        let answer = self.api.invoke(&id, event, now, self.timeout);
        let outcome = tokio::select! {
            // An answer that has arrived counts, whatever became of the process.
            biased;
            answer = timeout(PATIENCE, answer) => answer,
            () = self.has_ended() => return if self.is_killed() {
                Err(Killed)
            } else {
                panic!("{}", self.said("ended by itself"))
            },
        };
        match outcome {
            Ok(Ok(outcome)) => Ok(outcome),
            other => panic!("{}", self.said(&format!("{other:?}"))),
        }
    }

    fn said(&self, what: &str) -> String {
        format!("{} {what}\n{:#?}", self.name, self.output.lines())
    }

    /// Waits until it has fetched this many invocations, or has ended.
    pub async fn has_fetched(&self, invocations: u32) {
        tokio::select! {
            () = self.api.has_handed_out(invocations) => {}
            () = self.has_ended() => {}
        }
    }

    /// Kills it with SIGKILL, whatever it is doing; `false` when it has been
    /// killed before.
    pub fn kill(&self) -> bool {
        let is_first = !self.killed.swap(true, Ordering::AcqRel);
        if is_first {
            self.child.lock().unwrap().start_kill().unwrap();
        }
        is_first
    }

    /// Whether somebody has killed it.
    #[must_use]
    pub fn is_killed(&self) -> bool {
        self.killed.load(Ordering::Acquire)
    }

    /// What it has printed so far; of one that was killed during an
    /// invocation, every line.
    #[must_use]
    pub fn printed(&self) -> Vec<String> {
        self.output.lines()
    }

    async fn has_ended(&self) {
        let mut alive = self.alive.clone();
        // Nothing is ever sent: this returns when the senders are gone.
        let _ = alive.changed().await;
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
    pub async fn stop(self) -> Vec<String> {
        self.kill();
        self.child.into_inner().unwrap().wait().await.unwrap();
        for reader in self.readers {
            reader.await.unwrap();
        }
        self.output.lines()
    }

    /// Waits until the process ends by itself.
    pub async fn ended(self) -> Ended {
        let mut child = self.child.into_inner().unwrap();
        let Ok(status) = timeout(PATIENCE, child.wait()).await else {
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
