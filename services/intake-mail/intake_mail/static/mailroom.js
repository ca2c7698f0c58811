// The mailroom's page: which view is shown (by the address behind #), and asking the API how things go.

import { Away } from "./api.js";
import { byId } from "./build.js";
import { Drafts } from "./drafts.js";
import { listen } from "./keys.js";
import { Labels } from "./labels.js";
import { LetterView } from "./letter.js";
import { attempt, note, problem, settled } from "./notices.js";
import { Pile } from "./pile.js";
import { Register } from "./register.js";
import { t } from "./texts.js";

const SOON = 1000; // ms, while pages are being read
const LATER = 5000; // ms

const drafts = new Drafts();
let view = "letters";

const go = (letterId) => {
  if (letterId === null && view === "letter" && !drafts.lines.length) note(t("all_done"));
  location.hash = letterId ? `#letter/${letterId}` : "#letters";
};

const letter = new LetterView(drafts, go);
const register = new Register();
const labels = new Labels();
let timer = 0;
let turn = 0;

const ask = async () => {
  await drafts.load();
  if (view === "letters") await pile.load();
  if (view === "letter" && letter.waiting) await letter.load();
};

const tick = async () => {
  const mine = (turn += 1);
  clearTimeout(timer);
  if (!document.hidden) {
    try {
      await ask();
      settled("away");
    } catch (error) {
      problem(error.message, error instanceof Away ? "away" : "tick");
    }
  }
  if (mine === turn) timer = setTimeout(tick, drafts.waiting || letter.waiting ? SOON : LATER);
};

const pile = new Pile(tick);

const open = {
  letters: () => {},
  letter: (id) => letter.open(id),
  register: () => register.load(),
  labels: () => labels.load(),
};

const show = async () => {
  const [name, id] = location.hash.slice(1).split("/");
  if (view === "letter") letter.close();
  view = name in open && (name !== "letter" || id) ? name : "letters";
  for (const other of Object.keys(open)) byId(`${other}-view`).hidden = other !== view;
  for (const link of document.querySelectorAll(".menu a[href^='#']")) {
    if (link.hash === `#${view}`) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  // Another language shows the same view.
  for (const link of document.querySelectorAll(".languages a")) link.hash = location.hash;
  scrollTo(0, 0);
  if (view === "letter" && !drafts.lines.length) await drafts.load().catch(() => {});
  await attempt(() => open[view](id), "open");
  byId(`${view}-title`).focus({ preventScroll: true });
  tick();
};

addEventListener("hashchange", show);
document.addEventListener("visibilitychange", () => document.hidden || tick());
listen(letter, drafts, () => view);
show();
