// The register: a line for each letter of a year, as printed; what was in it isn't here.

import { LETTERS, get } from "./api.js";
import { byId, make } from "./build.js";
import * as entries from "./entry.js";
import { attempt, note } from "./notices.js";
import { day, moment, t, today } from "./texts.js";

export class Register {
  #next = null;

  constructor() {
    this.year = byId("register-year").elements.year;
    this.year.value = today().slice(0, 4);
    this.year.addEventListener("change", () => attempt(() => this.load(), "register"));
    byId("register-more").addEventListener("click", () => attempt(() => this.#more(), "register"));
  }

  async load() {
    byId("register-lines").replaceChildren();
    this.#next = null;
    await this.#more();
  }

  async #more() {
    const cursor = this.#next ? `&cursor=${encodeURIComponent(this.#next)}` : "";
    const year = Number(this.year.value);
    const { items, next } = await get(`${LETTERS}?year=${year}&limit=50${cursor}`);
    if (year !== Number(this.year.value)) return;
    byId("register-lines").append(...items.map((line) => this.#row(line)));
    byId("register-none").hidden = byId("register-lines").children.length > 0;
    byId("register-more").hidden = next === null;
    this.#next = next;
  }

  #row(line) {
    const { entry } = line;
    const when = line.sent_at ? moment(line.sent_at) : "";
    const number = line.state === "draft" ? make("a", { href: `#letter/${line.letter_id}` }, line.number) : line.number;
    const row = make(
      "tr",
      {},
      make("th", { scope: "row" }, number, line.version > 1 ? make("span.quiet", {}, ` ${t("version", { version: line.version })}`) : ""),
      make("td", { "data-label": t("received_on") }, day(entry.received_on)),
      make("td", { "data-label": t("state") }, t(`state.${line.state}`), make("span.quiet", {}, ` ${line.void_reason ?? when}`)),
      make("td", { "data-label": t("opened_by") }, `${entry.opened_by}, ${entry.witnessed_by}`),
      make("td", { "data-label": t("storage_place") }, entry.storage_place),
      make("td", { "data-label": "SHA-256" }, make("details", {}, make("summary", {}, t("scans", { count: line.sha256.length })), ...line.sha256.map((one) => make("code.hash", {}, one)))),
      make("td", {}, make("button.quiet-button", { type: "button", "aria-label": `${t("correct")}: ${line.number}`, onclick: () => attempt(() => this.#correct(line, row), "register") }, t("correct"))),
    );
    return row;
  }

  async #correct(line, row) {
    const corrected = await entries.ask(await get(`${LETTERS}/${line.letter_id}`));
    if (!corrected) return;
    const fresh = this.#row({ ...line, entry: corrected.entry, version: corrected.version });
    row.replaceWith(fresh);
    fresh.querySelector("button").focus();
    note(t("entry.saved"));
  }
}
