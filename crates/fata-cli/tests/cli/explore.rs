//! The studio's Explore page: pictures by their addresses, sums, and the search for
//! a picture that was sent.

use crate::server::Running;
use crate::workplace::{Workplace, picture};
use fata::data::gallery;
use std::time::{Duration, Instant};

const RUN: &str = "/api/run/00000-pictures-dcgan";

/// A studio with one run of pictures.
fn studio() -> (Workplace, Running) {
    let place = Workplace::with_pictures();
    let flags = "--images 32 --every 32 -o runs/00000-pictures-dcgan -q";
    place.train("pictures", flags).done();
    let server = Running::start(&place, "studio runs");
    (place, server)
}

/// The search's report, once it is as it should be.
fn until(server: &Running, token: &str, state: &str) -> serde_json::Value {
    let began = Instant::now();
    loop {
        let said = server.json(&format!("/api/found/{token}"));
        if said["state"] == state {
            return said;
        }
        assert!(began.elapsed() < Duration::from_secs(300), "{said}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn a_picture_moved_along_directions_has_an_address_and_a_command_that_makes_it() {
    let (place, server) = studio();
    let said = server.json(&format!("{RUN}/directions"));
    assert_eq!(said["directions"].as_array().unwrap().len(), 6);
    assert_eq!(said["directions"][0]["name"], "sefa0");
    let image = |query: &str| server.get(&format!("{RUN}/image?{query}"));
    let moved = "seed=7&directions=0:1.5,3:-2&trunc=0.8";
    let [once, again] = [image(moved), image(moved)];
    assert_eq!(once.status, 200);
    assert!(once.body == again.body, "the same address, the same bytes");
    assert!(once.body != image("seed=7&trunc=0.8").body);
    let by_name = image("seed=7&directions=sefa0:1.5,sefa3:-2&trunc=0.8");
    let pixels = |bytes: &[u8]| gallery::picture(bytes).unwrap();
    assert!(pixels(&once.body) == pixels(&by_name.body));
    for bad in ["6:1", "smile:1", "0", "0:99", "0:1,0:2"] {
        assert_eq!(
            image(&format!("seed=7&directions={bad}")).status,
            400,
            "{bad}"
        );
    }

    let latent = server.get(&format!("{RUN}/latent?{moved}"));
    place.write("latent.safetensors", &latent.body);
    place
        .fata("blend runs/00000-pictures-dcgan --which last @latent.safetensors --alone -o moved.png -q")
        .done();
    assert!(pixels(&place.read("moved.png")) == pixels(&once.body));
}

#[test]
fn sums_are_those_of_blend_and_kept_latents_go_into_them() {
    let (place, server) = studio();
    let image = |query: &str| server.get(&format!("{RUN}/image?{query}"));
    let pixels = |bytes: &[u8]| gallery::picture(bytes).unwrap();
    let sum = image("sum=3+-+5+%2B+9&trunc=0.7");
    assert_eq!(sum.status, 200);
    place
        .fata(
            "blend runs/00000-pictures-dcgan --which last --trunc 0.7 3-5+9 --alone -o sum.png -q",
        )
        .done();
    assert!(pixels(&place.read("sum.png")) == pixels(&sum.body));
    assert!(pixels(&image("sum=3").body) == pixels(&image("seed=3").body));
    assert_eq!(image("sum=3-3").status, 400);
    assert_eq!(image("sum=3+-").status, 400);
    assert_eq!(image("sum=@nothing").status, 404);
    assert_eq!(image("sum=@..%2f..%2fetc%2fpasswd").status, 404);

    let kept = server.post(&format!("{RUN}/keep?seed=3&directions=1:2"), "");
    let token = kept.json()["token"].as_str().unwrap().to_owned();
    let again = image(&format!("sum=@{token}"));
    assert!(pixels(&again.body) == pixels(&image("seed=3&directions=1:2").body));
    assert_eq!(image(&format!("sum=4+-+@{token}")).status, 200);
    assert_eq!(image(&format!("seed=4&to=@{token}&at=0.5")).status, 200);
}

#[test]
fn a_picture_that_is_sent_is_searched_for_one_at_a_time() {
    let (_place, server) = studio();
    let send = |body: &[u8]| server.post(&format!("{RUN}/invert"), body);
    let sent = picture(2, 16);
    assert_eq!(send(b"no picture").status, 415);
    assert_eq!(send(&sent[..sent.len() / 2]).status, 422);
    let mut bomb = sent.clone();
    bomb[16..24].copy_from_slice(&[0x7f, 0xff, 0xff, 0xff, 0x7f, 0xff, 0xff, 0xff]);
    assert!([413, 422].contains(&send(&bomb).status));

    let begun = send(&sent);
    assert_eq!(begun.status, 202);
    let token = begun.json()["token"].as_str().unwrap().to_owned();
    let second = send(&sent);
    assert_eq!(second.status, 503);
    assert!(second.head.contains("retry-after"));
    let early = server.get(&format!("{RUN}/image?sum=@{token}"));
    assert_eq!(early.status, 404);
    assert_eq!(
        server.post(&format!("/api/found/{token}/stop"), "").status,
        200
    );
    let stopped = until(&server, &token, "failed");
    assert!(stopped["error"].as_str().unwrap().contains("stopped"));

    // What the model makes itself, it is said to make.
    let own = server.get(&format!("{RUN}/image?seed=99"));
    let began = Instant::now();
    let begun = loop {
        let begun = send(&own.body);
        // The thread of the stopped one ends a little later.
        if begun.status != 503 || began.elapsed() > Duration::from_secs(60) {
            break begun.json();
        }
        std::thread::sleep(Duration::from_millis(20));
    };
    let token = begun["token"].as_str().unwrap();
    let found = until(&server, token, "found");
    assert!(found["pixel_rms"].as_f64().unwrap() < 0.5, "{found}");
    assert!(found["sentence"].is_string() && found["verdict"].is_string());
    let made = server.get(&format!("{RUN}/image?sum=@{token}&directions=0:1"));
    assert_eq!(made.status, 200);
    let target = server.get(&format!("/api/found/{token}/target"));
    let pixels = |bytes: &[u8]| gallery::picture(bytes).unwrap();
    assert!(pixels(&target.body) == pixels(&own.body));
    assert_eq!(server.get("/api/found/nothing").status, 404);
}
