//! `fata studio`: trainings from the page, and the game.

use crate::server::Running;
use crate::workplace::{Workplace, keys, picture, train};
use serde_json::{Value, json};
use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStderr};

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
    let post = |path: &str, body: &str| server.post(path, body);
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
    assert_eq!(server.post("/api/train", body).status, 200);
    let row = server.until("00000-folder-pictures", "the failure", |row| {
        row["failure"].is_string()
    });
    assert!(
        row["failure"].as_str().unwrap().contains("no/such/folder"),
        "{row}"
    );
}

/// A workplace with a run `runs/00000-pictures-dcgan` of pictures.
fn with_run() -> Workplace {
    let place = Workplace::with_pictures();
    let out = "--images 32 --every 32 -o runs/00000-pictures-dcgan -q";
    let data = place.path("pictures").display().to_string();
    place.train(&data, out).done();
    place
}

const RUN: &str = "00000-pictures-dcgan";

/// A round, played: what was dealt, and the answer to the answer.
fn play(server: &Running, player: &str, side: &str) -> (Value, Value) {
    let wish = json!({ "player": player, "feedback": true, "shown_milliseconds": 500 });
    let dealt = server.post(&format!("/api/run/{RUN}/round"), wish.to_string());
    assert_eq!(
        dealt.status,
        200,
        "{}",
        String::from_utf8_lossy(&dealt.body)
    );
    let dealt = dealt.json();
    for side in ["left", "right"] {
        let picture = server.get(dealt[side].as_str().unwrap());
        assert_eq!(picture.status, 200);
        assert!(picture.head.contains("cache-control: no-store"));
    }
    let address = format!("/api/round/{}", dealt["round"].as_str().unwrap());
    let said = server.post(&address, json!({ "real": side }).to_string());
    assert_eq!(said.status, 200);
    (dealt, said.json())
}

#[test]
fn a_game_is_played_kept_and_judged() {
    let place = with_run();
    let run = format!("runs/{RUN}");
    place
        .fata(&format!("judge --human {run}"))
        .fails(1, &["nobody has judged", "fata studio"]);
    let server = Running::start(&place, "studio runs");
    let judged = format!("/api/run/{RUN}/judgements");
    assert_eq!(server.json(&judged)["rounds"], 0);
    let mut fooled = 0;
    let mut sides = Vec::new();
    for number in 0..12 {
        let player = ["ann", "bob", "cy"][number % 3];
        let (_, said) = play(&server, player, "left");
        fooled += u64::from(said["fooled"].as_bool().unwrap());
        sides.push(said["real"].as_str().unwrap().to_owned());
    }
    assert!(sides.contains(&"left".into()) && sides.contains(&"right".into()));
    // A program that was killed while it wrote.
    let file = format!("{run}/judgements.jsonl");
    let mut text = place.text(&file);
    text += "{\"round\":\"x\",\"pla";
    place.write(&file, text.as_bytes());
    let (dealt, said) = play(&server, "ann", "right");
    fooled += u64::from(said["fooled"].as_bool().unwrap());

    let report = place
        .fata(&format!("judge {run} --human --json"))
        .done()
        .json();
    assert_eq!(
        (&report["rounds"], &report["players"]),
        (&json!(13), &json!(3))
    );
    assert_eq!(report["passed_over"], 1);
    let share = &report["metrics"]["share_fooled"];
    let expected = fooled as f64 / 13.0;
    assert!((share["value"].as_f64().unwrap() - expected).abs() < 1e-9);
    assert_eq!(share["reference"], 0.5);
    assert!(share["standard_error"].is_number() && share["interval"][1].is_number());
    assert!(keys(&report).contains(&"most_convincing"));
    let mut shown = server.json(&judged);
    shown["name"] = report["name"].clone();
    assert_eq!(shown, report, "the page and the command say the same");
    let said = place.fata(&format!("judge --human {run}")).done().stdout;
    assert!(
        said.contains("13 rounds by 3 players") && said.contains("at 50 %"),
        "{said}"
    );
    let token = dealt["round"].as_str().unwrap();
    assert!(place.text(&file).contains(token));
    let seed = report["least_convincing"].as_array().unwrap().iter();
    for seed in seed.map(|one| one["number"].as_u64().unwrap()) {
        let shown = server.get(&format!("/api/run/{RUN}/shown/generated/{seed}"));
        assert_eq!(shown.status, 200);
    }
}

#[test]
fn the_game_tells_nobody_the_answer_and_takes_one_answer_a_round() {
    let place = with_run();
    let server = Running::start(&place, "studio runs");
    let address = format!("/api/run/{RUN}/round");
    for (wish, why) in [
        ("{}", "player"),
        ("{\"player\":\" \"}", "name"),
        ("{\"player\":\"ann\",\"real\":\"left\"}", "real"),
        (
            "{\"player\":\"ann\",\"shown_milliseconds\":1}",
            "milliseconds",
        ),
    ] {
        server.post(&address, wish).refused(400, why);
    }
    let dealt = server.post(&address, "{\"player\":\"ann\"}").json();
    assert_eq!(keys(&dealt), ["left", "right", "round"]);
    let answer = format!("/api/round/{}", dealt["round"].as_str().unwrap());
    let left = "{\"real\":\"left\"}";
    server.post(&answer, left).refused(409, "look at both");
    for side in ["left", "right"] {
        let picture = server.get(dealt[side].as_str().unwrap());
        // No note of where it is from: neither text nor time.
        for chunk in [&b"tEXt"[..], b"iTXt", b"tIME"] {
            assert!(!picture.body.windows(4).any(|four| four == chunk));
        }
        let said = fata::data::gallery::picture(&picture.body).unwrap();
        assert_eq!((said.width, said.height, said.channels), (16, 16, 3));
    }
    server
        .post(&answer, "{\"fooled\":false}")
        .refused(400, "fooled");
    server
        .post(&answer, "{\"real\":\"both\"}")
        .refused(400, "both");
    let said = server.post(&answer, left);
    assert_eq!(
        (said.status, said.json()),
        (200, json!({})),
        "no feedback was wanted"
    );
    server.post(&answer, left).refused(409, "answered already");
    server
        .post("/api/round/0123", left)
        .refused(410, "not known");
    assert_eq!(
        place
            .text(&format!("runs/{RUN}/judgements.jsonl"))
            .lines()
            .count(),
        1
    );
}

#[test]
fn a_run_whose_data_are_gone_or_others_cannot_be_played_with() {
    let place = with_run();
    let wish = "{\"player\":\"ann\"}";
    let address = format!("/api/run/{RUN}/round");
    fs::rename(place.path("pictures"), place.path("elsewhere")).unwrap();
    let server = Running::start(&place, "studio runs");
    server
        .post(&address, wish)
        .refused(422, "the real pictures are gone");
    for number in 0..3 {
        place.write(&format!("pictures/{number}.png"), &picture(number + 20, 16));
    }
    server
        .post(&address, wish)
        .refused(422, "other ones than those");
    fs::remove_dir_all(place.path("pictures")).unwrap();
    fs::rename(place.path("elsewhere"), place.path("pictures")).unwrap();
    let dealt = server.post(&address, wish).json();
    for side in ["left", "right"] {
        server.get(dealt[side].as_str().unwrap());
    }
    fs::rename(place.path("runs"), place.path("moved")).unwrap();
    let answer = format!("/api/round/{}", dealt["round"].as_str().unwrap());
    server
        .post(&answer, "{\"real\":\"left\"}")
        .refused(500, "judgements.jsonl");
    server.post(&address, wish).refused(404, "no run");
    assert_eq!(server.get("/health").status, 200);
    place
        .fata("judge --human nowhere")
        .fails(1, &["no run folder"]);
    place
        .fata("judge --human moved moved")
        .fails(2, &["name one"]);
    place
        .fata("judge --human moved --against digits")
        .fails(2, &["--against"]);
}

#[test]
fn the_studio_answers_this_machine_alone_and_only_of_its_folder() {
    let place = with_run();
    let server = Running::start(&place, "studio runs");
    let forged = server.raw("GET /api/runs HTTP/1.1\r\nHost: evil.example\r\n");
    forged.refused(403, "not this machine");
    let lines = "Origin: http://evil.example\r\nContent-Length: 2\r\n";
    let crossed = server.ask("POST /api/train", lines);
    crossed.refused(403, "another site");
    for path in [
        "/../recipe.toml",
        "/api/run/..%2f..%2fetc/model",
        "/api/run/%2e%2e/judgements",
        "/api/run/%2e%2e/shown/real/1",
        "/api/round/..%2f..%2fx/left",
    ] {
        let status = server.get(path).status;
        assert!([404, 410].contains(&status), "{path}: {status}");
    }
    server
        .ask("POST /api/train", "Content-Length: 99999999\r\n")
        .refused(413, "larger than");
    place
        .fata(&format!("studio runs --port {}", server.port))
        .fails(1, &["in use", "--port"]);
}

#[test]
fn points_are_not_played_with() {
    let place = Workplace::new();
    place
        .fata("train ring --images 2k --every 2k -o runs/ring -q")
        .done();
    let server = Running::start(&place, "studio runs");
    server
        .post("/api/run/ring/round", "{\"player\":\"ann\"}")
        .refused(422, "points");
}

/// Reads lines of a training until one says where the studio is.
fn port_of(child: &mut Child) -> (u16, BufReader<ChildStderr>) {
    let mut said = BufReader::new(child.stderr.take().unwrap());
    loop {
        let mut line = String::new();
        assert_ne!(said.read_line(&mut line).unwrap(), 0, "no studio");
        if let Some((_, after)) = line.split_once("http://127.0.0.1:") {
            return (after.split('/').next().unwrap().parse().unwrap(), said);
        }
    }
}

#[test]
fn a_training_with_the_studio_beside_it_is_the_same_bit_for_bit() {
    let place = Workplace::with_pictures();
    place
        .train("pictures", "--images 64 --every 16 -o alone -q")
        .done();
    let words = train(
        "pictures",
        "--images 64 --every 16 -o runs/watched --studio -q",
    );
    place.fata(&words).done();
    assert_eq!(place.log("alone"), place.log("runs/watched"));
    for file in ["generator.safetensors", "samples/000000000064.png"] {
        assert!(
            place.read(&format!("alone/{file}")) == place.read(&format!("runs/watched/{file}")),
            "{file}"
        );
    }
    assert_eq!(place.names("alone"), place.names("runs/watched"));
}

#[test]
fn the_studio_of_a_training_shows_it_and_stops_it() {
    let place = Workplace::with_pictures();
    let words = train(
        "pictures",
        "--images 9M --every 16 -o runs/00000-a --studio",
    );
    let mut child = place.start(&words);
    let (port, said) = port_of(&mut child);
    let drained = std::thread::spawn(move || said.lines().count());
    let server = Running {
        child,
        port,
        url: String::new(),
    };
    let row = server.until("00000-a", "it ticks", |row| row["tick"].is_object());
    assert_eq!(
        (&row["training"], &row["own"]),
        (&true.into(), &true.into())
    );
    assert_eq!(server.get("/api/run/00000-a/image?seed=3").status, 200);
    assert_eq!(server.post("/api/run/00000-a/resume", "").status, 409);
    assert_eq!(server.post("/api/run/00000-a/stop", "").status, 200);
    let mut server = server;
    assert_eq!(server.child.wait().unwrap().code(), Some(130));
    drained.join().unwrap();
    let seen = place.log("runs/00000-a").last().unwrap()["images_seen"]
        .as_u64()
        .unwrap();
    let more = format!("train --resume runs/00000-a --images {} -q", seen + 16);
    place.fata(&more).done();
}

#[test]
fn a_run_that_disappears_and_a_half_written_log_leave_the_page_as_it_was() {
    let place = with_run();
    let server = Running::start(&place, "studio runs");
    let address = format!("/api/run/{RUN}");
    let log = format!("runs/{RUN}/log.jsonl");
    let whole = place.text(&log);
    place.write(
        &log,
        (whole.clone() + "{\"images_seen\":99,\"loss").as_bytes(),
    );
    assert_eq!(
        server.json(&address)["images_seen"]
            .as_array()
            .unwrap()
            .len(),
        whole.lines().count()
    );
    assert!(server.json("/api/runs")["runs"][0]["tick"].is_object());
    let version = server.json(&address)["version"].as_u64().unwrap();
    let known = server.json(&format!("{address}?known={version}"));
    assert_eq!(keys(&known), ["samples", "version"], "nothing is new");
    assert!(server.json(&format!("{address}?known={}", version + 1))["columns"].is_object());
    fs::remove_dir_all(place.path(&format!("runs/{RUN}"))).unwrap();
    for path in [
        "",
        "/model",
        "/doctor",
        "/image?seed=1",
        "/sample/32",
        "/judgements",
    ] {
        server
            .get(&format!("{address}{path}"))
            .refused(404, "no run");
    }
    assert_eq!(server.json("/api/runs")["runs"], json!([]));
}

#[test]
fn a_run_that_translates_does_so_in_the_studio() {
    let place = Workplace::new();
    for number in 0..4 {
        place.write(&format!("a/{number}.png"), &picture(number, 32));
        place.write(&format!("b/{number}.png"), &picture(number + 9, 32));
    }
    let quick = "--set model.width=8 --set translation.full_size=0 --set translation.blocks=1 --set translation.field=16";
    place
        .fata(&format!(
            "train --from a --to b {quick} --images 4 --every 4 -o runs/t -q"
        ))
        .done();
    let server = Running::start(&place, "studio runs");
    assert_eq!(server.json("/api/runs")["runs"][0]["translates"], true);
    assert_eq!(server.json("/api/run/t/translator")["side"], 32);
    let made = server.post("/api/run/t/translate", place.read("a/0.png"));
    place
        .fata("translate runs/t a/0.png -o made.png --which last -q")
        .done();
    let pixels = |bytes: &[u8]| fata::data::gallery::picture(bytes).unwrap();
    assert!(pixels(&made.body) == pixels(&place.read("made.png")));
    server
        .post("/api/run/t/translate", "hello")
        .refused(415, "no picture");
    server
        .post("/api/run/nowhere/translate", "hello")
        .refused(404, "no run");
    server
        .post("/api/run/t/round", "{\"player\":\"ann\"}")
        .refused(422, "translates");
    server
        .get("/api/run/t/image?seed=1")
        .refused(404, "translates");
}
