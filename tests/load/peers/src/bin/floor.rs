//! The least a Lambda can be: one connection to the Runtime API, no library, one answer.
//!
//! Source: AWS Lambda developer guide, "Using the Lambda runtime API".

use std::env;
use std::io::{BufRead, BufReader, Error, Write};
use std::net::TcpStream;

const ANSWER: &str = r#"{"statusCode":200,"headers":{},"body":"hello"}"#;

fn main() -> Result<(), Error> {
    let host = env::var("AWS_LAMBDA_RUNTIME_API").map_err(Error::other)?;
    let mut to = TcpStream::connect(&host)?;
    to.set_nodelay(true)?;
    let mut from = BufReader::new(to.try_clone()?);
    let path = "/2018-06-01/runtime/invocation";
    loop {
        write!(to, "GET {path}/next HTTP/1.1\r\nHost: {host}\r\n\r\n")?;
        let id = answered(&mut from)?;
        let length = ANSWER.len();
        write!(
            to,
            "POST {path}/{id}/response HTTP/1.1\r\nHost: {host}\r\nContent-Length: {length}\r\n\r\n{ANSWER}"
        )?;
        answered(&mut from)?;
    }
}

/// Reads one answer to its end: the request's id, where it has one.
fn answered(from: &mut impl BufRead) -> Result<String, Error> {
    let (mut id, mut length) = (String::new(), 0);
    let mut line = String::new();
    while from.read_line(&mut line)? > 0 && line != "\r\n" {
        if let Some((name, value)) = line.split_once(':') {
            let value = value.trim();
            if name.eq_ignore_ascii_case("lambda-runtime-aws-request-id") {
                value.clone_into(&mut id);
            } else if name.eq_ignore_ascii_case("content-length") {
                length = value.parse().map_err(Error::other)?;
            }
        }
        line.clear();
    }
    let mut body = vec![0; length];
    from.read_exact(&mut body)?;
    Ok(id)
}
