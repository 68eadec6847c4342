//! One process of one function, and what it costs.
//!
//! The Runtime API stands on plain threads and sockets: an event's time runs from the moment
//! its bytes go to the process until its answer has been read, and nothing of ours is in it.
//!
//! Source: AWS Lambda developer guide, "Using the Lambda runtime API".

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use binaries::{Variables, now};

/// Longer than any function may take, and than a start on a busy machine.
const PATIENCE: Duration = Duration::from_mins(1);

/// Whoever says nothing for so long may have ended.
const LOOKS_EACH: Duration = Duration::from_secs(1);

/// What is started.
#[derive(Clone, Debug)]
pub(crate) struct Program {
    pub(crate) name: &'static str,
    pub(crate) command: PathBuf,
    pub(crate) arguments: Vec<PathBuf>,
    pub(crate) variables: Variables,
}

/// A running process.
pub(crate) struct Sandbox {
    name: &'static str,
    child: Child,
    log: PathBuf,
    events: Sender<Vec<u8>>,
    said: Receiver<Said>,
    /// From the start of the process to its first request for an event.
    pub(crate) init: Duration,
    /// CPU until then.
    pub(crate) init_cpu: Duration,
}

/// What one event has cost.
pub(crate) struct Invocation {
    pub(crate) took: Duration,
    pub(crate) cpu: Duration,
    /// What the function answered.
    pub(crate) answer: Vec<u8>,
}

enum Said {
    /// It asks for an event.
    Asks(Instant),
    Answers {
        took: Duration,
        answer: Vec<u8>,
    },
    /// `/error` or `/init/error`.
    Fails(Vec<u8>),
}

impl Sandbox {
    /// Starts it, and waits until it asks for its first event.
    pub(crate) fn start(program: &Program, log: PathBuf) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (events, waiting) = mpsc::channel();
        let (say, said) = mpsc::channel();
        let waiting = Arc::new(Mutex::new(waiting));
        let handed = Arc::new(Mutex::new(Instant::now()));
        thread::spawn(move || {
            for stream in listener.incoming() {
                let connection = Connection {
                    say: say.clone(),
                    waiting: Arc::clone(&waiting),
                    handed: Arc::clone(&handed),
                };
                let stream = stream.unwrap();
                stream.set_nodelay(true).unwrap();
                // A process that has ended hangs up.
                thread::spawn(move || connection.serve(&stream).unwrap_or_default());
            }
        });
        let out = File::create(&log).unwrap();
        let started = Instant::now();
        let child = Command::new(&program.command)
            .args(&program.arguments)
            .env_clear()
            .envs(&program.variables)
            .env("AWS_LAMBDA_FUNCTION_NAME", program.name)
            .env("AWS_LAMBDA_RUNTIME_API", address.to_string())
            .stdin(Stdio::null())
            .stdout(out.try_clone().unwrap())
            .stderr(out)
            .spawn()
            .unwrap_or_else(|error| panic!("{}: {error}", program.command.display()));
        let mut sandbox = Self {
            name: program.name,
            child,
            log,
            events,
            said,
            init: Duration::ZERO,
            init_cpu: Duration::ZERO,
        };
        sandbox.init = sandbox.asks() - started;
        sandbox.init_cpu = sandbox.cpu();
        sandbox
    }

    /// Hands it an event, and waits until it asks for the next one.
    pub(crate) fn invoke(&mut self, event: &[u8]) -> Invocation {
        let before = self.cpu();
        let (took, answer) = self.answer(event);
        let cpu = self.cpu().saturating_sub(before);
        Invocation { took, cpu, answer }
    }

    /// The same without looking at its CPU, which costs a system call for each.
    pub(crate) fn answer(&mut self, event: &[u8]) -> (Duration, Vec<u8>) {
        self.events.send(event.to_vec()).unwrap();
        let Said::Answers { took, answer } = self.says() else {
            panic!("{}", self.tells("asks again and does not answer"))
        };
        self.asks();
        (took, answer)
    }

    fn asks(&mut self) -> Instant {
        match self.says() {
            Said::Asks(at) => at,
            Said::Answers { .. } => panic!("{}", self.tells("answers what nobody has asked")),
            Said::Fails(_) => unreachable!("says() tells of it"),
        }
    }

    fn says(&mut self) -> Said {
        let began = Instant::now();
        loop {
            match self.said.recv_timeout(LOOKS_EACH) {
                Ok(Said::Fails(why)) => panic!("{}", self.tells(&String::from_utf8_lossy(&why))),
                Ok(said) => return said,
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {}
            }
            let has_ended = self.child.try_wait().unwrap().is_some();
            assert!(!has_ended, "{}", self.tells("has ended"));
            let waits = began.elapsed() < PATIENCE;
            assert!(waits, "{}", self.tells("says nothing"));
        }
    }

    fn tells(&self, what: &str) -> String {
        let log = fs::read_to_string(&self.log).unwrap_or_default();
        format!("{} {what}\n{log}", self.name)
    }

    /// CPU of all its threads so far, once all of them wait: while one runs, the kernel has
    /// not counted it yet.
    fn cpu(&self) -> Duration {
        let tasks = format!("/proc/{}/task", self.child.id());
        loop {
            let (mut nanoseconds, mut waits) = (0, true);
            for task in fs::read_dir(&tasks).unwrap() {
                let task = task.unwrap().path();
                // A thread may end between the two.
                let Ok(status) = fs::read_to_string(task.join("stat")) else {
                    continue;
                };
                let state = status
                    .rsplit_once(") ")
                    .map(|(_, rest)| rest.starts_with('S'));
                waits &= state.unwrap_or(true);
                let counted = fs::read_to_string(task.join("schedstat")).unwrap_or_default();
                let first = counted
                    .split(' ')
                    .next()
                    .and_then(|first| first.parse().ok());
                nanoseconds += first.unwrap_or(0);
            }
            if waits {
                return Duration::from_nanos(nanoseconds);
            }
            thread::yield_now();
        }
    }

    /// Its process.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// The most memory it has had at once, in bytes (`VmHWM`).
    pub(crate) fn memory(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kib = line.and_then(|rest| rest.trim().split(' ').next()?.parse::<u64>().ok());
        kib.unwrap() * 1024
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

struct Connection {
    say: Sender<Said>,
    waiting: Arc<Mutex<Receiver<Vec<u8>>>>,
    /// When the event that is being worked on was handed over.
    handed: Arc<Mutex<Instant>>,
}

impl Connection {
    /// Answers what the process asks on one connection.
    fn serve(&self, stream: &TcpStream) -> std::io::Result<()> {
        let mut from = BufReader::new(stream);
        let mut to = stream;
        let mut number = 0_u64;
        while let Some((path, body)) = request(&mut from)? {
            if path.ends_with("/invocation/next") {
                // Whoever has hung up meanwhile is not told here.
                let _ = self.say.send(Said::Asks(Instant::now()));
                let Ok(event) = self.waiting.lock().unwrap().recv() else {
                    return Ok(());
                };
                number += 1;
                let deadline = now().as_millisecond() + 60_000;
                let mut answer = format!(
                    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\
                     Content-Length: {}\r\nLambda-Runtime-Aws-Request-Id: {number}\r\n\
                     Lambda-Runtime-Deadline-Ms: {deadline}\r\n\
                     Lambda-Runtime-Invoked-Function-Arn: \
                     arn:aws:lambda:eu-central-1:111122223333:function:load\r\n\
                     Lambda-Runtime-Trace-Id: Root=1-69500000-000000000000000000000001\r\n\r\n",
                    event.len(),
                )
                .into_bytes();
                answer.extend(event);
                *self.handed.lock().unwrap() = Instant::now();
                to.write_all(&answer)?;
            } else {
                let took = self.handed.lock().unwrap().elapsed();
                to.write_all(b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n")?;
                let said = if path.ends_with("/response") {
                    Said::Answers { took, answer: body }
                } else {
                    Said::Fails(body)
                };
                let _ = self.say.send(said);
            }
        }
        Ok(())
    }
}

/// Reads one request: its path and its body; `None` where the other side has hung up.
fn request(from: &mut impl BufRead) -> std::io::Result<Option<(String, Vec<u8>)>> {
    let mut line = String::new();
    if from.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    let path = line.split(' ').nth(1).unwrap_or_default().to_owned();
    let (mut length, mut is_chunked) = (0, false);
    loop {
        line.clear();
        from.read_line(&mut line)?;
        let Some((name, value)) = line.split_once(':') else {
            break;
        };
        if name.eq_ignore_ascii_case("content-length") {
            length = value.trim().parse().map_err(std::io::Error::other)?;
        } else if name.eq_ignore_ascii_case("transfer-encoding") {
            is_chunked = true;
        }
    }
    let mut body = Vec::new();
    if is_chunked {
        loop {
            line.clear();
            from.read_line(&mut line)?;
            let size = u64::from_str_radix(line.trim(), 16).map_err(std::io::Error::other)?;
            from.by_ref().take(size).read_to_end(&mut body)?;
            line.clear();
            from.read_line(&mut line)?;
            if size == 0 {
                break;
            }
        }
    } else {
        from.take(length).read_to_end(&mut body)?;
    }
    Ok(Some((path, body)))
}
