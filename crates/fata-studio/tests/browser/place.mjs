// A folder with runs of every kind, and the programs that serve it.
import { spawn, spawnSync } from "node:child_process";
import { cpSync, existsSync } from "node:fs";
import { once } from "node:events";
import { join } from "node:path";

const QUICK = "--set model.width=8 --set translation.full_size=0 --set translation.blocks=1 --set translation.field=16";

export class Place {
  #fata;
  #children = [];

  constructor(fata, folder) {
    this.#fata = fata;
    this.folder = folder;
  }

  path(name) { return join(this.folder, name); }

  /// Types a command and waits.
  fata(words) {
    const done = spawnSync(this.#fata, words.split(" "), { cwd: this.folder, encoding: "utf8" });
    if (done.status !== 0) throw new Error(`fata ${words}: ${done.stderr}`);
    return done.stdout;
  }

  /// Starts a server; its address.
  async serve(words) {
    const child = this.start(`${words} --port 0 --json`);
    const [line] = await once(child.stdout, "data");
    return JSON.parse(String(line)).url;
  }

  start(words) {
    const child = spawn(this.#fata, words.split(" "), { cwd: this.folder, stdio: ["ignore", "pipe", "pipe"] });
    child.stderr.on("data", () => {});
    this.#children.push(child);
    return child;
  }

  /// Trains small runs in a moment; or takes over those of the folder RUNS.
  async prepare() {
    if (process.env.RUNS) cpSync(process.env.RUNS, this.path("runs"), { recursive: true });
    this.#train("00000-digits-digits", "digits --recipe dcgan --set model.width=8 --batch 32 --images 960 --every 160");
    this.#train("00001-ring-points", "ring --images 3k --every 1k");
    this.#train("00002-gaussian-figure1", "gaussian --images 3k --every 1k");
    this.fata("sample runs/00000-digits-digits --count 4 -o a/ -q");
    this.#train("00003-emoji-pix2pix", `--from edges --to a --resolution 32 ${QUICK} --images 4 --every 4`);
    this.studio = await this.serve("studio runs");
  }

  #train(name, words) {
    if (!existsSync(this.path(`runs/${name}`))) this.fata(`train ${words} -o runs/${name} -q`);
  }

  async close() {
    const ends = this.#children.filter(child => child.exitCode === null && child.signalCode === null).map(child => {
      const end = once(child, "exit");
      child.kill("SIGINT");
      return end;
    });
    await Promise.all(ends);
  }
}
