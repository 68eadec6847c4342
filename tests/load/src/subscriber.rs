//! One of the city's systems that takes whatever it is told.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;

/// Where it listens.
pub(crate) fn start() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let stream = stream.unwrap();
            // Whoever tells it may end at any moment.
            thread::spawn(move || take(&stream).unwrap_or_default());
        }
    });
    format!("http://{address}/")
}

fn take(stream: &TcpStream) -> std::io::Result<()> {
    let mut from = BufReader::new(stream);
    let mut to = stream;
    let (mut line, mut length) = (String::new(), 0);
    while from.read_line(&mut line)? > 0 {
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse().map_err(std::io::Error::other)?;
        }
        if line == "\r\n" {
            let mut body = Vec::new();
            from.by_ref().take(length).read_to_end(&mut body)?;
            to.write_all(b"HTTP/1.1 204 No Content\r\n\r\n")?;
            length = 0;
        }
        line.clear();
    }
    Ok(())
}
