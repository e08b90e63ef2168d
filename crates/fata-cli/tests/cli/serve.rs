//! `fata serve`: pictures over HTTP, and requests that are refused.

use crate::server::Running;
use crate::workplace::{Workplace, picture as pattern};
use fata::Picture;
use fata::data::gallery::picture;
use fata::ship::Provenance;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

/// A workplace with a model of pictures in `run`.
fn with_model() -> Workplace {
    let place = Workplace::with_pictures();
    place
        .train("pictures", "--images 32 --every 32 -o run -q")
        .done();
    place
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
    let png = picture(&place.read("many/seed000003.png")).unwrap();
    assert!(picture(&webp).unwrap() == png, "lossless");
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

/// A workplace with a run `run` that translates pictures of 32x32.
fn with_translator(data: &str) -> Workplace {
    let place = Workplace::new();
    for number in 0..4 {
        place.write(&format!("a/{number}.png"), &pattern(number, 32));
        place.write(&format!("b/{number}.png"), &pattern(number + 9, 32));
        place.write(&format!("two/trainA/h{number}.png"), &pattern(number, 32));
        place.write(
            &format!("two/trainB/z{number}.png"),
            &pattern(number + 9, 32),
        );
    }
    let quick = "--set model.width=8 --set translation.full_size=0 --set translation.blocks=1 --set translation.field=16";
    place
        .fata(&format!(
            "train {data} {quick} --images 4 --every 4 -o run -q"
        ))
        .done();
    place
}

#[test]
fn a_translator_gives_what_the_command_writes() {
    let place = with_translator("--from a --to b");
    place.write("large.png", &pattern(5, 50));
    let server = Running::start(&place, "serve run");
    for name in ["a/0.png", "large.png"] {
        place
            .fata(&format!("translate run {name} -o made.png -q"))
            .done();
        let answer = server.post("/translate", place.read(name));
        assert_eq!(
            answer.status,
            200,
            "{}",
            String::from_utf8_lossy(&answer.body)
        );
        assert!(answer.head.contains("content-type: image/png"));
        assert!(answer.body == place.read("made.png"), "{name}");
        let webp = server.post("/translate?format=webp", place.read(name));
        assert!(webp.head.contains("content-type: image/webp"));
        assert!(picture(&webp.body).unwrap() == picture(&answer.body).unwrap());
    }
    let whole = server.post("/translate?large=whole", place.read("large.png"));
    assert!(whole.status == 200 && whole.body != place.read("made.png"));
    let page = String::from_utf8(server.get("/").body).unwrap();
    assert!(page.contains("<title>Translate"), "{page}");
    let model = server.json("/model");
    assert_eq!(
        (&model["side"], &model["goes_back"]),
        (&32.into(), &false.into())
    );
    server.get("/image?seed=1").refused(501, "POST /translate");
    assert!(
        server
            .get("/metrics")
            .body
            .windows(21)
            .any(|text| text == b"fata_images_total 5\n#")
    );
}

#[test]
fn what_cannot_be_translated_has_a_status_and_a_reason() {
    let place = with_translator("--from a --to b");
    let server = Running::start(&place, "serve run");
    let whole = place.read("a/0.png");
    let mut bomb = whole.clone();
    // 60,000 pixels a side, in a few bytes.
    bomb[16..24].copy_from_slice(&[0, 0, 0xea, 0x60, 0, 0, 0xea, 0x60]);
    for (query, body, status, why) in [
        ("", &b"hello"[..], 415, "no picture"),
        ("", b"", 415, "no picture"),
        ("", &whole[..whole.len() / 2], 422, "cannot be read"),
        ("?direction=ba", &whole, 400, "one way only"),
        ("?direction=up", &whole, 400, "ab or ba"),
        ("?draw=yes", &whole, 400, "not trained on drawings"),
        ("?draw=maybe", &whole, 400, "yes or no"),
        ("?format=gif", &whole, 400, "png or webp"),
        ("?seed=1", &whole, 400, "no parameter"),
    ] {
        server
            .post(&format!("/translate{query}"), body)
            .refused(status, why);
    }
    let said = server.post("/translate", &bomb);
    assert!([413, 422].contains(&said.status), "{}", said.status);
    let chunked = "POST /translate HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n";
    server
        .send(chunked, b"5\r\nhello\r\n0\r\n\r\n")
        .refused(415, "no picture");
    assert_eq!(server.post("/translate", &whole).status, 200);
}

#[test]
fn a_translator_without_pairs_goes_back_too() {
    let place = with_translator("two");
    let server = Running::start(&place, "serve run");
    let picture = place.read("a/0.png");
    let made =
        ["ab", "ba"].map(|way| server.post(&format!("/translate?direction={way}"), &picture));
    assert!(made.iter().all(|one| one.status == 200));
    assert!(made[0].body != made[1].body);
}

#[test]
fn a_request_that_takes_too_long_is_answered_504() {
    let place = with_translator("--from a --to b");
    let server = Running::start(&place, "serve run --timeout 1");
    // Half a picture, and then nothing: the rest is waited for.
    let head = "POST /translate HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n";
    server
        .send(head, "half")
        .refused(504, "longer than 1 seconds");
    // A picture of 16 megapixels in a few kilobytes takes minutes, and is given up.
    let large = Picture::filled(4000, 4000, &[200]).encode_png(&Provenance::new("a test"));
    server
        .post("/translate", large.unwrap())
        .refused(504, "longer than");
    let began = Instant::now();
    while server.post("/translate", pattern(1, 32)).status != 200 {
        assert!(
            began.elapsed() < Duration::from_secs(20),
            "it is not given up"
        );
    }
    assert_eq!(server.get("/health").status, 200);
}

#[test]
fn connections_beyond_the_limit_wait_and_idle_ones_do_not_hold_it_for_ever() {
    let place = with_model();
    let server = Running::start(&place, "serve run --connections 2");
    let idle: Vec<_> = (0..2)
        .map(|_| TcpStream::connect(("127.0.0.1", server.port)).unwrap())
        .collect();
    let mut third = TcpStream::connect(("127.0.0.1", server.port)).unwrap();
    third
        .write_all(b"GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        .unwrap();
    third
        .set_read_timeout(Some(Duration::from_millis(200)))
        .unwrap();
    assert!(third.read(&mut [0; 16]).is_err(), "it waits");
    drop(idle);
    third
        .set_read_timeout(Some(Duration::from_secs(20)))
        .unwrap();
    let mut said = String::new();
    third.read_to_string(&mut said).unwrap();
    assert!(said.starts_with("HTTP/1.1 200"), "{said}");
}

#[test]
fn a_browser_that_goes_away_leaves_the_service_as_it_was() {
    let place = with_model();
    let server = Running::start(&place, "serve run");
    for _ in 0..20 {
        let mut stream = TcpStream::connect(("127.0.0.1", server.port)).unwrap();
        stream
            .write_all(b"GET /image HTTP/1.1\r\nHost: localhost\r\n\r\n")
            .unwrap();
    }
    let began = Instant::now();
    assert_eq!(server.get("/image?seed=1").status, 200);
    assert!(began.elapsed() < Duration::from_secs(10));
}

#[test]
fn a_model_of_another_version_or_damaged_is_refused_in_words() {
    let place = with_model();
    let mut bytes = place.read("run/generator.safetensors");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    place.write("damaged.safetensors", &bytes);
    place
        .fata("serve damaged.safetensors --port 0")
        .fails(1, &["damaged"]);
    let mut newer = place.read("run/generator.safetensors");
    let format = b"\\\"format\\\":";
    let found = newer.windows(format.len()).position(|part| part == format);
    let at = found.expect("a card with a format") + format.len();
    assert!(newer[at].is_ascii_digit());
    newer[at] = b'9';
    place.write("newer.safetensors", &newer);
    place
        .fata("serve newer.safetensors --port 0")
        .fails(1, &["format 9"]);
}
