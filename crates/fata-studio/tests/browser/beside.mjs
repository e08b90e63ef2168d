// `fata train --studio`: the run that is trained is shown, and can be stopped.
export default async function ({ place, person }) {
  const child = place.start("train digits --recipe dcgan --set model.width=8 --images 9M --every 256 -o beside/00000-digits-dcgan --studio");
  const url = await new Promise((found, failed) => {
    let said = "";
    child.stderr.on("data", bytes => {
      said += bytes;
      const address = /http:\/\/127\.0\.0\.1:\d+\//.exec(said);
      if (address) found(address[0]);
    });
    child.on("exit", () => failed(new Error(said)));
  });
  // The page goes on asking for a moment when the studio has gone.
  const one = await person({ expects: ["ERR_CONNECTION_REFUSED"] });
  await one.opens(url);
  await one.picturesAreThere("#grids img");
  const ended = new Promise(done => child.on("exit", done));
  await one.page.getByRole("button", { name: "Stop 00000-digits-dcgan" }).click();
  if (await ended !== 130) throw new Error("it did not end as if by Ctrl-C");
  await one.until("the page says that the studio is gone", () => document.getElementById("now").textContent.includes("does not answer"));
}
