//! A server of the binary, asked as a browser or a script would.

use crate::workplace::Workplace;
use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::Child;
use std::time::{Duration, Instant};

/// A server that is running; it ends with the test.
pub(crate) struct Running {
    pub(crate) child: Child,
    pub(crate) port: u16,
    pub(crate) url: String,
}

pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Running {
    pub(crate) fn start(place: &Workplace, words: &str) -> Self {
        let mut child = place.start(&format!("{words} --port 0 --json"));
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let said: Value = serde_json::from_str(&line).unwrap();
        let url = said["url"].as_str().unwrap().to_owned();
        let port = url.rsplit_once(':').unwrap().1;
        let port = port.split('/').next().unwrap().parse().unwrap();
        Self { child, port, url }
    }

    /// Sends a request with these lines after its first one.
    pub(crate) fn ask(&self, request: &str, lines: &str) -> Answer {
        self.raw(&format!(
            "{request} HTTP/1.1\r\nHost: localhost:{}\r\n{lines}",
            self.port
        ))
    }

    pub(crate) fn raw(&self, head: &str) -> Answer {
        self.send(head, "")
    }

    pub(crate) fn json(&self, path: &str) -> Value {
        let answer = self.get(path);
        let said = String::from_utf8(answer.body).unwrap();
        assert_eq!(answer.status, 200, "{path}: {said}");
        serde_json::from_str(&said).unwrap()
    }

    /// Waits until a run in the studio's table is as it should be.
    pub(crate) fn until(&self, run: &str, what: &str, is: impl Fn(&Value) -> bool) -> Value {
        let began = Instant::now();
        loop {
            let said = self.json("/api/runs");
            let row = said["runs"]
                .as_array()
                .unwrap()
                .iter()
                .find(|row| row["name"] == run);
            if let Some(row) = row.filter(|row| is(row)) {
                return row.clone();
            }
            assert!(
                began.elapsed() < Duration::from_secs(60),
                "never: {what}; {said}"
            );
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    pub(crate) fn send(&self, head: &str, body: impl AsRef<[u8]>) -> Answer {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream
            .write_all(format!("{head}Connection: close\r\n\r\n").as_bytes())
            .unwrap();
        stream.write_all(body.as_ref()).unwrap();
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).unwrap();
        let end = bytes
            .windows(4)
            .position(|four| four == b"\r\n\r\n")
            .unwrap();
        let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
        Answer {
            status: head.split(' ').nth(1).unwrap().parse().unwrap(),
            head: head.to_ascii_lowercase(),
            body: bytes[end + 4..].to_vec(),
        }
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        self.ask(&format!("GET {path}"), "")
    }

    /// Posts a body.
    pub(crate) fn post(&self, path: &str, body: impl AsRef<[u8]>) -> Answer {
        let length = body.as_ref().len();
        let head =
            format!("POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\n");
        self.send(&head, body)
    }
}

impl Answer {
    /// The body, which is JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// Why there is no better answer.
    #[track_caller]
    pub(crate) fn refused(&self, status: u16, why: &str) {
        let said = String::from_utf8_lossy(&self.body);
        assert_eq!(self.status, status, "{said}");
        assert!(said.contains(why), "{said}");
    }
}
