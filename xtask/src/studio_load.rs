//! What the studio and the server bear: the page with fifty long runs, a served
//! generator under sixty-four clients beside `fata sample`, a flood, and what a
//! page that is open costs a training. It needs `wrk`, and an otherwise idle
//! machine; each part prints its figures with what they are figures of.

use anyhow::{Context, bail, ensure};
use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tempfile::TempDir;

const RUNS: usize = 50;
const TICKS: usize = 10_000;
const CLIENTS: usize = 64;
const SAMPLES: u32 = 4096;
/// Pairs of trainings, without the studio and with it.
const PAIRS: usize = 3;

struct Place {
    folder: TempDir,
    fata: PathBuf,
}

/// A server, ended with it.
struct Served {
    child: Child,
    port: u16,
}

impl Drop for Served {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Measures all of it, `seconds` under load.
pub(crate) fn report(seconds: Option<String>) -> anyhow::Result<()> {
    let seconds: u32 = seconds.map_or(Ok(60), |text| text.parse())?;
    let built = Command::new("cargo")
        .args(["build", "--release", "--workspace"])
        .status()?;
    ensure!(built.success(), "the binary cannot be built");
    let place = Place {
        fata: std::env::current_exe()?.with_file_name("fata"),
        folder: tempfile::tempdir()?,
    };
    place.fata(
        "train digits --recipe dcgan --images 256 --every 128 -o runs/00000-digits-dcgan -q",
    )?;
    long_runs(&place)?;
    serving(&place, seconds)?;
    flood(&place)?;
    training(&place)
}

impl Place {
    fn command(&self, words: &str) -> Command {
        let mut command = Command::new(&self.fata);
        command
            .args(words.split_whitespace())
            .current_dir(self.folder.path())
            .stdin(Stdio::null());
        command
    }

    fn fata(&self, words: &str) -> anyhow::Result<Value> {
        let output = self.command(words).output()?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "fata {words}: {said}");
        match output.stdout.is_empty() {
            true => Ok(Value::Null),
            false => Ok(serde_json::from_slice(&output.stdout)?),
        }
    }

    fn serve(&self, words: &str) -> anyhow::Result<Served> {
        let mut child = self
            .command(&format!("{words} --port 0 --json"))
            .stdout(Stdio::piped())
            .spawn()?;
        let mut line = String::new();
        let stdout = child.stdout.take().context("stdout is a pipe")?;
        BufReader::new(stdout).read_line(&mut line)?;
        let said: Value = serde_json::from_str(&line)?;
        let url = said["url"].as_str().context("it says where it is")?;
        Ok(Served {
            child,
            port: port_of(url)?,
        })
    }
}

fn port_of(url: &str) -> anyhow::Result<u16> {
    let port = url.rsplit_once(':').context("an address has a port")?.1;
    Ok(port.trim_end_matches('/').parse()?)
}

/// The body of an answer.
fn get(port: u16, path: &str) -> anyhow::Result<Vec<u8>> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    )?;
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes)?;
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n");
    let end = end.context("an answer has a head")?;
    ensure!(
        bytes.starts_with(b"HTTP/1.1 200"),
        "{path} is answered {}",
        String::from_utf8_lossy(&bytes[..end.min(60)])
    );
    Ok(bytes.split_off(end + 4))
}

fn memory(port: u16) -> anyhow::Result<f64> {
    let text = String::from_utf8(get(port, "/metrics")?)?;
    let line = text
        .lines()
        .find(|line| line.starts_with("process_resident_memory_bytes "));
    let number = line.and_then(|line| line.rsplit(' ').next());
    Ok(number.context("memory is counted")?.parse::<f64>()? / 1e6)
}

/// What the page asks when it is opened on fifty runs of ten thousand ticks.
fn long_runs(place: &Place) -> anyhow::Result<()> {
    let model = place.folder.path().join("runs/00000-digits-dcgan");
    let recipe = std::fs::read(model.join("recipe.toml"))?;
    let log = std::fs::read_to_string(model.join("log.jsonl"))?;
    let mut tick: Value = serde_json::from_str(log.lines().last().context("it ticked")?)?;
    for run in 0..RUNS {
        let folder = place
            .folder
            .path()
            .join(format!("long/{run:05}-digits-dcgan"));
        std::fs::create_dir_all(&folder)?;
        std::fs::write(folder.join("recipe.toml"), &recipe)?;
        let mut text = Vec::new();
        for number in 0..TICKS {
            tick["images_seen"] = (100 * (number + 1)).into();
            let wave = (number as f64 / 50.0 + run as f64).sin();
            tick["loss_generator"] = (1.0 + 0.2 * wave).into();
            writeln!(text, "{tick}")?;
        }
        std::fs::write(folder.join("log.jsonl"), text)?;
    }
    let studio = place.serve("studio long")?;
    let name = format!("{:05}-digits-dcgan", RUNS - 1);
    println!("{RUNS} runs of {TICKS} ticks, seconds and kilobytes of an answer:");
    for (what, path) in [
        ("the page", "/".to_owned()),
        ("all runs", "/api/runs".into()),
        ("all runs, again", "/api/runs".into()),
        ("a run", format!("/api/run/{name}")),
        ("a run, nothing new", format!("/api/run/{name}?known=1")),
        ("its doctor", format!("/api/run/{name}/doctor")),
    ] {
        let began = Instant::now();
        let length = get(studio.port, &path)?.len();
        let took = began.elapsed().as_secs_f64();
        println!("  {what:20} {took:8.3} s {:8.1} kB", length as f64 / 1e3);
    }
    Ok(())
}

/// Images a second of `fata sample`, and of `fata serve` under load.
fn serving(place: &Place, seconds: u32) -> anyhow::Result<()> {
    let run = "runs/00000-digits-dcgan";
    let mut sampled = 0.0_f64;
    // A grid is encoded once; of a folder each file is flushed to the disk.
    for (out, what) in [("samples.png", "a grid"), ("samples/", "files")] {
        let began = Instant::now();
        place.fata(&format!("sample {run} -o {out} --count {SAMPLES} -q"))?;
        let speed = f64::from(SAMPLES) / began.elapsed().as_secs_f64();
        println!("fata sample: {speed:.0} images/s into {what}, one process, {SAMPLES} images");
        sampled = sampled.max(speed);
    }
    let served = place.serve(&format!("serve {run}"))?;
    wrk(served.port, CLIENTS, 3)?;
    let before = memory(served.port)?;
    let load = wrk(served.port, CLIENTS, seconds)?;
    let after = memory(served.port)?;
    println!(
        "fata serve: {:.0} images/s under {CLIENTS} clients for {seconds} s, {:.0} % of the faster; {} refused, {} socket errors; memory {before:.0} to {after:.0} MB",
        load.per_second,
        100.0 * load.per_second / sampled,
        load.refused,
        load.socket_errors,
    );
    Ok(())
}

/// Far more clients than the queue holds.
fn flood(place: &Place) -> anyhow::Result<()> {
    let served = place.serve("serve runs/00000-digits-dcgan --queue 16")?;
    let load = wrk(served.port, 400, 5)?;
    get(served.port, "/image?seed=1")?;
    println!(
        "a flood of 400 clients on a queue of 16: {:.0} answers/s, {} of them refused at once, half of all within {}; the service goes on",
        load.per_second, load.refused, load.median
    );
    ensure!(load.refused > 0, "nothing was refused");
    Ok(())
}

struct Load {
    per_second: f64,
    refused: u64,
    socket_errors: String,
    median: String,
}

fn wrk(port: u16, clients: usize, seconds: u32) -> anyhow::Result<Load> {
    let output = Command::new("wrk")
        .args([
            "-t1",
            "--latency",
            &format!("-c{clients}"),
            &format!("-d{seconds}s"),
        ])
        .arg(format!("http://127.0.0.1:{port}/image"))
        .output()
        .context("wrk cannot be started: is it installed?")?;
    let said = String::from_utf8_lossy(&output.stdout);
    let after = |label: &str| {
        let line = said
            .lines()
            .find_map(|line| line.trim().strip_prefix(label));
        line.map(|rest| rest.trim().to_owned())
    };
    let Some(per_second) = after("Requests/sec:") else {
        bail!("wrk says no rate: {said}");
    };
    Ok(Load {
        per_second: per_second.parse()?,
        refused: after("Non-2xx or 3xx responses:").map_or(Ok(0), |count| count.parse())?,
        socket_errors: after("Socket errors:").unwrap_or_else(|| "no".into()),
        median: after("50%").unwrap_or_default(),
    })
}

/// A training alone, and one with the studio and a page that looks at it.
fn training(place: &Place) -> anyhow::Result<()> {
    let words =
        "train digits --recipe dcgan --set model.width=16 --images 20k --every 2k --json -q";
    let speed = |said: &Value| -> anyhow::Result<f64> {
        let seconds = said["elapsed_seconds"].as_f64();
        let images = said["images_seen"].as_f64();
        Ok(images.context("images")? / seconds.context("seconds")?)
    };
    let mut ratios = Vec::new();
    for pair in 0..PAIRS {
        let alone = speed(&place.fata(&format!("{words} -o alone{pair}"))?)?;
        let watched = speed(&watched(place, &words.replace(" -q", ""), pair)?)?;
        println!("training: {alone:.1} images/s alone, {watched:.1} with the studio and its page");
        ratios.push(watched / alone);
    }
    ratios.sort_unstable_by(f64::total_cmp);
    println!(
        "the studio costs {:.1} % in the middle of {PAIRS} pairs",
        100.0 * (1.0 - ratios[PAIRS / 2])
    );
    Ok(())
}

/// What a training with the studio says, while a page looks at it.
fn watched(place: &Place, words: &str, pair: usize) -> anyhow::Result<Value> {
    let mut child = place
        .command(&format!("{words} --studio -o beside/watched{pair}"))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let mut said = BufReader::new(child.stderr.take().context("stderr is a pipe")?);
    let port = loop {
        let mut line = String::new();
        ensure!(
            said.read_line(&mut line)? > 0,
            "it never said where the studio is"
        );
        if let Some((_, after)) = line.split_once("the studio is at ") {
            break port_of(after.split(' ').next().unwrap_or_default())?;
        }
    };
    let ended = AtomicBool::new(false);
    let mut out = String::new();
    std::thread::scope(|scope| -> anyhow::Result<()> {
        scope.spawn(|| page(port, pair, &ended));
        // What the training says must not fill the pipe.
        scope.spawn(move || std::io::copy(&mut said, &mut std::io::sink()));
        let stdout = child.stdout.take().context("stdout is a pipe")?;
        let read = BufReader::new(stdout).read_to_string(&mut out);
        ended.store(true, Ordering::Relaxed);
        read?;
        Ok(())
    })?;
    ensure!(child.wait()?.success(), "the training failed");
    Ok(serde_json::from_str(&out)?)
}

/// Asks what the page asks: once a second, and the doctor every ten.
fn page(port: u16, pair: usize, ended: &AtomicBool) {
    let mut version = Value::Null;
    let mut second = 0_u64;
    while !ended.load(Ordering::Relaxed) {
        let run = format!("/api/run/watched{pair}");
        // The training may end between two questions.
        let _ = get(port, "/api/runs");
        let known = version
            .as_u64()
            .map_or(String::new(), |at| format!("?known={at}"));
        if let Ok(body) = get(port, &(run.clone() + &known)) {
            let said: Value = serde_json::from_slice(&body).unwrap_or_default();
            version = said["version"].clone();
        }
        if second.is_multiple_of(10) {
            let _ = get(port, &(run + "/doctor"));
        }
        second += 1;
        std::thread::sleep(Duration::from_secs(1));
    }
}
