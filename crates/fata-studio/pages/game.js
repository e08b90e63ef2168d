// One of two pictures is real. The server alone knows which: the page sends a
// side and, if the player wants it, is told the truth afterwards.
const at = id => document.getElementById(id);
const SIDES = ["left", "right"];
const PAUSE = 1000;
let game = null, folder = "runs";

async function ask(path, body) {
  const answer = await fetch(path, body === undefined ? {} : { method: "POST", body: JSON.stringify(body) });
  const said = await answer.json();
  if (!answer.ok) throw new Error(said.error);
  return said;
}

const element = (tag, text, attributes = {}) => Object.assign(document.createElement(tag), text === undefined ? {} : { textContent: text }, attributes);
const of = run => `/api/run/${encodeURIComponent(run)}`;
const percent = share => (100 * share).toFixed(1) + " %";
const wait = milliseconds => new Promise(done => setTimeout(done, milliseconds));
const buttons = on => { for (const side of SIDES) at(side).disabled = !on; };

function name() {
  const typed = at("player").value.trim();
  if (typed) return typed;
  // Nobody need say who they are; one browser is one player.
  return "player " + crypto.getRandomValues(new Uint32Array(1))[0].toString(16).padStart(8, "0");
}

async function picture(address) {
  const answer = await fetch(address);
  if (!answer.ok) throw new Error((await answer.json()).error);
  return URL.createObjectURL(await answer.blob());
}

async function round() {
  const mine = game;
  buttons(false);
  for (const side of SIDES) { at(side).classList.remove("real", "wrong"); at(side).firstElementChild.classList.add("away"); }
  at("round").textContent = `Round ${mine.played + 1} of ${mine.rounds}`;
  const dealt = await ask(of(mine.run) + "/round", { player: mine.player, shown_milliseconds: mine.time, feedback: mine.feedback });
  // Both are here before either is seen.
  const sources = await Promise.all(SIDES.map(side => picture(dealt[side])));
  if (game !== mine) return;
  for (const [place, side] of SIDES.entries()) {
    const image = at(side).firstElementChild;
    if (image.src) URL.revokeObjectURL(image.src);
    image.src = sources[place];
    await image.decode();
  }
  if (game !== mine) return;
  mine.token = dealt.round;
  for (const side of SIDES) at(side).firstElementChild.classList.remove("away");
  buttons(true);
  if (mine.time) {
    setTimeout(() => {
      if (game === mine && mine.token === dealt.round) for (const side of SIDES) at(side).firstElementChild.classList.add("away");
    }, mine.time);
  }
}

async function choose(side) {
  const mine = game;
  if (!mine || !mine.token || at(side).disabled) return;
  const token = mine.token;
  mine.token = null;
  buttons(false);
  try {
    const said = await ask("/api/round/" + token, { real: side });
    mine.played += 1;
    if (mine.feedback) {
      mine.fooled += said.fooled ? 1 : 0;
      at(said.real).classList.add("real");
      if (said.fooled) at(side).classList.add("wrong");
      for (const one of SIDES) at(one).firstElementChild.classList.remove("away");
      at("round").textContent = said.fooled ? `No: the ${said.real} one is real.` : `Yes: the ${said.real} one is real.`;
      await wait(PAUSE);
    }
    if (game !== mine) return;
    if (mine.played < mine.rounds) await round();
    else await leave();
  } catch (error) { trouble(error); }
}

async function trouble(error) {
  at("error").textContent = error.message;
  await leave();
  at("error").textContent = error.message;
}

async function leave() {
  game = null;
  at("play").hidden = true;
  at("begin").hidden = false;
  await results();
  at("start").focus();
}

async function results() {
  const run = at("run").value;
  at("results").hidden = true;
  if (!run) return;
  const answer = await fetch(of(run) + "/judgements");
  // A run that nobody has played with has no results, and that is no error.
  if (!answer.ok || at("run").value !== run) return;
  const said = await answer.json();
  if (said.rounds === 0) return;
  const share = said.metrics.share_fooled, interval = share.interval;
  at("share").textContent = `Fooled in ${percent(share.value)} of ${said.rounds} rounds` +
    (interval ? `, 95 % interval ${percent(interval[0])} to ${percent(interval[1])}` : "");
  at("scale").setAttribute("aria-label", at("share").textContent);
  const place = share => 100 * share + "%";
  at("value").style.left = place(share.value);
  at("reach").hidden = !interval;
  if (interval) { at("reach").style.left = place(interval[0]); at("reach").style.width = place(interval[1] - interval[0]); }
  at("meaning").textContent = "This is " + said.meaning + ".";
  at("notes").textContent = said.warnings.map(warning => warning[0].toUpperCase() + warning.slice(1) + ".").join(" ");
  at("lists").replaceChildren(...[
    ["The most convincing", "generated", "seed", said.most_convincing],
    ["The least convincing", "generated", "seed", said.least_convincing],
    ["Real ones that were doubted", "real", "item", said.real_doubted],
  ].filter(list => list[3].length).flatMap(([title, kind, word, tallies]) => {
    const row = element("div", undefined, { className: "seeds" });
    row.append(...tallies.map(tally => {
      const figure = element("figure"), image = element("img", undefined, { className: "picture" });
      image.src = `${of(run)}/shown/${kind}/${tally.number}`;
      image.alt = `${word} ${tally.number}`;
      // A picture of an earlier generator is not there to be shown.
      image.onerror = () => image.remove();
      figure.append(image, element("figcaption", `${word} ${tally.number}: ${tally.fooled} of ${tally.rounds}`));
      return figure;
    }));
    return [element("h3", title), row];
  }));
  at("players").replaceChildren(...said.by_player.map(player => {
    const line = element("tr");
    line.append(element("td", player.player), element("td", player.rounds), element("td", `${player.fooled} (${percent(player.fooled / player.rounds)})`), element("td", player.median_seconds.toFixed(2) + " s"));
    return line;
  }));
  at("command").textContent = `fata judge --human ${folder}/${run}`;
  at("results").hidden = false;
}

at("begin").onsubmit = async event => {
  event.preventDefault();
  at("error").textContent = "";
  if (!at("run").value) { at("error").textContent = "there is no run to play with yet"; return; }
  at("player").value = name();
  localStorage.setItem("player", at("player").value);
  game = { run: at("run").value, player: at("player").value, rounds: Number(at("rounds").value), time: at("time").value ? Number(at("time").value) : null, feedback: at("feedback").checked, played: 0, fooled: 0, token: null };
  at("begin").hidden = true; at("results").hidden = true; at("play").hidden = false;
  document.activeElement?.blur();
  try { await round(); } catch (error) { trouble(error); }
};
for (const side of SIDES) at(side).onclick = () => choose(side);
at("leave").onclick = leave;
at("run").onchange = () => { location.hash = encodeURIComponent(at("run").value); results(); };
document.addEventListener("keydown", event => {
  if (!game || event.repeat || event.ctrlKey || event.altKey || event.metaKey) return;
  const side = { 1: "left", ArrowLeft: "left", 2: "right", ArrowRight: "right" }[event.key];
  if (side) { event.preventDefault(); choose(side); }
  if (event.key === "Escape") leave();
});

(async () => {
  at("player").value = localStorage.getItem("player") ?? "";
  try {
    const said = await ask("/api/runs"), runs = said.runs;
    folder = said.folder;
    for (const run of runs.filter(run => run.tick && run.pictures)) at("run").append(new Option(run.name, run.name));
    const wanted = decodeURIComponent(location.hash.slice(1));
    if ([...at("run").options].some(option => option.value === wanted)) at("run").value = wanted;
    if (!at("run").value) at("error").textContent = "there is no run to play with yet";
    await results();
  } catch (error) { at("error").textContent = "the studio does not answer: " + error.message; }
})();
