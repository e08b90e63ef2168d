// The way from page to page.
for (const [path, name] of [["/", "Runs"], ["/explore", "Explore"], ["/translate", "Translate"], ["/endless", "Endless"], ["/game", "Which is real?"]]) {
  const link = document.createElement("a");
  link.href = path; link.textContent = name;
  if (location.pathname === path) link.setAttribute("aria-current", "page");
  document.getElementById("nav").append(link, " ");
}
