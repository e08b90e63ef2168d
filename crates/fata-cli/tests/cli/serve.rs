//! `fata serve`: pictures over HTTP, and requests that are refused.

use crate::workplace::Workplace;
use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::Child;
use std::time::{Duration, Instant};

/// A server that is running; it ends with the test.
struct Running {
    child: Child,
    port: u16,
    url: String,
}

struct Answer {
    status: u16,
    head: String,
    body: Vec<u8>,
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A workplace with a model of pictures in `run`.
fn with_model() -> Workplace {
    let place = Workplace::with_pictures();
    place
        .train("pictures", "--images 32 --every 32 -o run -q")
        .done();
    place
}

impl Running {
    fn start(place: &Workplace, words: &str) -> Self {
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
    fn ask(&self, request: &str, lines: &str) -> Answer {
        self.raw(&format!(
            "{request} HTTP/1.1\r\nHost: localhost:{}\r\n{lines}",
            self.port
        ))
    }

    fn raw(&self, head: &str) -> Answer {
        self.send(head, "")
    }

    fn json(&self, path: &str) -> Value {
        let answer = self.get(path);
        let said = String::from_utf8(answer.body).unwrap();
        assert_eq!(answer.status, 200, "{path}: {said}");
        serde_json::from_str(&said).unwrap()
    }

    /// Waits until a run in the studio's table is as it should be.
    fn until(&self, run: &str, what: &str, is: impl Fn(&Value) -> bool) -> Value {
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

    fn send(&self, head: &str, body: &str) -> Answer {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream
            .write_all(format!("{head}Connection: close\r\n\r\n{body}").as_bytes())
            .unwrap();
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

    fn get(&self, path: &str) -> Answer {
        self.ask(&format!("GET {path}"), "")
    }
}

#[test]
fn a_seed_gives_the_bytes_that_sample_writes_whoever_asks_beside_it() {
    let place = with_model();
    place.fata("sample run -o many/ --seeds 0-19 -q").done();
    let server = Running::start(&place, "serve run");
    std::thread::scope(|scope| {
        for seed in 0..20 {
            let (server, place) = (&server, &place);
            scope.spawn(move || {
                let answer = server.get(&format!("/image?seed={seed}"));
                assert_eq!(answer.status, 200, "{}", answer.head);
                assert!(answer.head.contains("content-type: image/png"));
                let written = place.read(&format!("many/seed{seed:06}.png"));
                assert!(answer.body == written, "seed {seed}");
            });
        }
    });
    let webp = server.get("/image?seed=3&format=webp").body;
    assert_eq!((&webp[..4], &webp[8..12]), (&b"RIFF"[..], &b"WEBP"[..]));
    assert!(server.get("/image?seed=3&format=webp").body == webp);
    assert!(server.get("/image?seed=3&trunc=0.5&format=webp").body != webp);
    let fresh = [server.get("/image"), server.get("/image")];
    assert!(fresh[0].head.contains("x-fata-seed: ") && fresh[0].body != fresh[1].body);
    let metrics = String::from_utf8(server.get("/metrics").body).unwrap();
    assert!(metrics.contains("fata_images_total 25"), "{metrics}");
    assert!(
        metrics.contains("fata_requests_total{path=\"/image\",status=\"200\"} 25"),
        "{metrics}"
    );
}

#[test]
fn what_cannot_be_answered_has_a_status_and_a_reason() {
    let place = with_model();
    let server = Running::start(&place, "serve run");
    assert_eq!(server.get("/health").status, 200);
    let page = server.get("/");
    assert_eq!(page.status, 200);
    assert!(
        page.head
            .contains("content-security-policy: default-src 'none'")
    );
    for (request, lines, status, why) in [
        ("GET /image?seed=x", "", 400, "whole number"),
        ("GET /image?trunc=99", "", 400, "from 0 to 10"),
        ("GET /image?sede=1", "", 400, "seed, trunc, class, format"),
        ("GET /image?format=gif", "", 400, "png or webp"),
        ("GET /image?class=cat", "", 400, "not trained on labels"),
        ("GET /nowhere", "", 404, "/nowhere"),
        ("GET /../recipe.toml", "", 404, "there is no"),
        ("GET /..%2frun%2frecipe.toml", "", 404, "there is no"),
        (
            "POST /image",
            "Content-Length: 0\r\n",
            405,
            "not asked that way",
        ),
        (
            "POST /translate",
            "Content-Length: 0\r\n",
            501,
            "translates none",
        ),
        (
            "POST /translate",
            "Content-Length: 999999999\r\n",
            413,
            "larger than",
        ),
        (
            "GET /image",
            "Origin: http://evil.example\r\n",
            403,
            "another site",
        ),
        (
            "GET /image",
            "Sec-Fetch-Site: cross-site\r\n",
            403,
            "another site",
        ),
    ] {
        let answer = server.ask(request, lines);
        let said = String::from_utf8(answer.body).unwrap();
        assert_eq!(answer.status, status, "{request}: {said}");
        assert!(said.contains(why), "{request}: {said}");
    }
    let forged = server.raw("GET /health HTTP/1.1\r\nHost: evil.example\r\n");
    assert_eq!(forged.status, 403);
    place
        .fata(&format!("serve run --port {}", server.port))
        .fails(1, &["in use", "--port"]);
}

#[test]
fn a_flood_is_refused_and_the_service_goes_on() {
    let place = with_model();
    let server = Running::start(&place, "serve run --queue 1");
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let asking: Vec<_> = (0..60)
            .map(|_| scope.spawn(|| server.get("/image").status))
            .collect();
        asking.into_iter().map(|one| one.join().unwrap()).collect()
    });
    assert!(
        statuses.iter().all(|status| [200, 503].contains(status)),
        "{statuses:?}"
    );
    assert!(
        statuses.contains(&200) && statuses.contains(&503),
        "{statuses:?}"
    );
    assert_eq!(server.get("/image").status, 200);
}

#[test]
fn others_than_this_machine_need_the_token() {
    let place = with_model();
    let server = Running::start(&place, "serve run --host 0.0.0.0");
    let token = server.url.split_once("token=").unwrap().1;
    assert_eq!(token.len(), 32);
    assert_eq!(server.get("/image").status, 401);
    assert_eq!(server.get("/?token=wrong").status, 401);
    let signed_in = server.get(&format!("/?token={token}"));
    assert_eq!(signed_in.status, 303);
    assert!(
        signed_in.head.contains("location: /\r\n"),
        "{}",
        signed_in.head
    );
    let bearer = format!("Authorization: Bearer {token}\r\n");
    assert_eq!(server.ask("GET /image", &bearer).status, 200);
}

#[test]
fn a_model_of_points_is_not_served() {
    let place = Workplace::new();
    place
        .fata("train ring --images 2k --every 2k -o run -q")
        .done();
    place
        .fata("serve run --port 0")
        .fails(1, &["makes points", "fata sample"]);
    place.fata("serve nowhere --port 0").fails(1, &["nowhere"]);
    place.fata("serve run --timeout 0").fails(2, &["--timeout"]);
    place
        .fata("serve run --host no.such.host.invalid --port 0")
        .fails(1, &[]);
}

#[cfg(unix)]
#[test]
fn a_signal_ends_the_server_gracefully() {
    let place = with_model();
    let mut server = Running::start(&place, "serve run");
    assert_eq!(server.get("/image").status, 200);
    let id = server.child.id().to_string();
    assert!(
        std::process::Command::new("kill")
            .args(["-INT", &id])
            .status()
            .unwrap()
            .success()
    );
    assert_eq!(server.child.wait().unwrap().code(), Some(130));
}

#[test]
fn the_studio_trains_pauses_and_resumes_a_run_from_the_page() {
    let place = Workplace::with_pictures();
    let server = Running::start(&place, "studio runs");
    let page = server.get("/");
    assert_eq!(page.status, 200);
    assert!(
        String::from_utf8(page.body)
            .unwrap()
            .contains("<title>Runs")
    );
    let post = |path: &str, body: &str| {
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n",
            body.len()
        );
        server.send(&head, body)
    };
    let data = place.path("pictures").display().to_string();
    let wish =
        |flags: &str| format!("{{\"data\":{data:?},\"recipe\":\"dcgan\",\"flags\":{{{flags}}}}}");
    assert_eq!(post("/api/train", &wish("\"out\":\"/tmp/x\"")).status, 400);
    assert_eq!(post("/api/train", "{").status, 400);
    let begun = post(
        "/api/train",
        &wish("\"images\":\"32\",\"batch\":\"16\",\"every\":\"16\""),
    );
    assert_eq!(
        begun.status,
        200,
        "{}",
        String::from_utf8_lossy(&begun.body)
    );
    let run = "00000-pictures-dcgan";
    server.until(run, "the run is done", |row| {
        row["tick"]["images_seen"] == 32 && row["training"] == false
    });
    let shown = server.json(&format!("/api/run/{run}"));
    assert_eq!(shown["images_seen"], serde_json::json!([16.0, 32.0]));
    assert_eq!(
        shown["columns"]["loss_generator"]["mean"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
    assert_eq!(server.get(&format!("/api/run/{run}/sample/32")).status, 200);
    assert!(server.json(&format!("/api/run/{run}/doctor"))["meaning"].is_string());
    let image = |query: &str| server.get(&format!("/api/run/{run}/image?{query}"));
    let [start, half, end] =
        ["to=9&at=0", "to=9&at=0.5", "to=9&at=1"].map(|way| image(&format!("seed=3&{way}")));
    assert_eq!([start.status, half.status, end.status], [200; 3]);
    assert!(start.body != half.body && half.body != end.body);
    assert_eq!(image("at=2&to=3").status, 400);
    assert_eq!(
        server.json(&format!("/api/run/{run}/model"))["images_seen"],
        32
    );
    for path in [
        "/api/run/../sample/32",
        "/api/run/..%2fpictures",
        "/api/run/nowhere",
        "/api/run/%2e%2e/sample/32",
    ] {
        assert_eq!(server.get(path).status, 404, "{path}");
    }
    assert_eq!(
        server
            .get(&format!("/api/run/{run}/sample/..%2f..%2frecipe"))
            .status,
        404
    );
    assert_eq!(post(&format!("/api/run/{run}/explode"), "").status, 404);
    assert_eq!(post("/api/run/nowhere/resume", "").status, 404);

    let long = post(
        "/api/train",
        &wish("\"images\":\"9M\",\"batch\":\"16\",\"every\":\"16\""),
    );
    assert_eq!(long.status, 200);
    let run = "00001-pictures-dcgan";
    server.until(run, "the run ticks", |row| {
        row["tick"].is_object() && row["here"] == true
    });
    assert_eq!(post(&format!("/api/run/{run}/resume"), "").status, 409);
    assert_eq!(post(&format!("/api/run/{run}/pause"), "").status, 200);
    let paused = server.until(run, "the run pauses", |row| row["training"] == false);
    assert!(paused["failure"].is_null(), "{paused}");
    let seen = paused["tick"]["images_seen"].as_u64().unwrap();
    assert_eq!(post(&format!("/api/run/{run}/resume"), "").status, 200);
    server.until(run, "the run goes on", |row| {
        row["tick"]["images_seen"].as_u64() > Some(seen)
    });
    assert_eq!(post(&format!("/api/run/{run}/stop"), "").status, 200);
    server.until(run, "the run stops", |row| row["training"] == false);
}

#[test]
fn a_training_that_fails_says_why_on_the_page() {
    let place = Workplace::new();
    let server = Running::start(&place, "studio runs");
    let body = "{\"data\":\"no/such/folder\"}";
    let head = format!(
        "POST /api/train HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n",
        body.len()
    );
    assert_eq!(server.send(&head, body).status, 200);
    let row = server.until("00000-folder-run", "the failure", |row| {
        row["failure"].is_string()
    });
    assert!(
        row["failure"].as_str().unwrap().contains("no/such/folder"),
        "{row}"
    );
}
