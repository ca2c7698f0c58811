// The pile in hand: what its letters have in common, and how they come in (files, a camera, the scan folder).

import { LETTERS, call, get } from "./api.js";
import { byId, fill, say, valuesOf } from "./build.js";
import { attempt, problem, settled } from "./notices.js";
import { day, t, today } from "./texts.js";
import { Uploads } from "./uploads.js";

const PAUSE = 500; // ms after the last key

export class Pile {
  #timer = 0;
  #changed = false;
  #held = [];

  constructor(onLetters) {
    this.form = byId("pile");
    this.uploads = new Uploads(byId("uploads"), onLetters);
    this.form.addEventListener("input", () => {
      this.#changed = true;
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.#save(), PAUSE);
    });
    byId("files").addEventListener("change", ({ target }) => {
      this.take([...target.files]);
      target.value = "";
    });
    byId("camera").addEventListener("change", ({ target }) => {
      if (this.#together) this.#hold([...this.#held, ...target.files]);
      else this.take([...target.files]);
      target.value = "";
    });
    byId("send-held").addEventListener("click", () => this.take(this.#held) && this.#hold([]));
    byId("drop-held").addEventListener("click", () => this.#hold([]));
    addEventListener("beforeunload", (event) => this.#held.length && event.preventDefault());
    byId("set-today").addEventListener("click", () => {
      this.form.elements.received_on.value = today();
      byId("stale-pile").hidden = true;
      this.#changed = true;
      this.#save();
    });
    this.#drops();
  }

  get #together() {
    return byId("drop").querySelector("[name=together]").checked;
  }

  // A phone's camera gives one picture at a time; those of one letter wait for the last.
  #hold(files) {
    this.#held = files;
    byId("held").hidden = files.length === 0;
    say(byId("held").firstElementChild, t("pile.held", { count: files.length }));
  }

  #drops() {
    const carriesFiles = (event) => event.dataTransfer?.types.includes("Files");
    const area = byId("drop");
    addEventListener("dragover", (event) => {
      if (!carriesFiles(event)) return;
      event.preventDefault();
      area.classList.add("over");
    });
    addEventListener("dragleave", (event) => {
      if (!event.relatedTarget) area.classList.remove("over");
    });
    addEventListener("drop", (event) => {
      if (!carriesFiles(event)) return;
      // Anywhere on the page: else the browser would leave the page for the file.
      event.preventDefault();
      area.classList.remove("over");
      if (!byId("letters-view").hidden) this.take([...event.dataTransfer.files]);
    });
  }

  async load() {
    const { folder, ...defaults } = await get(`${LETTERS}/defaults`);
    if (!this.#changed) {
      const known = Object.fromEntries(Object.entries(defaults).filter(([, value]) => value !== null));
      fill(this.form, { received_on: today(), ...known }, { spare: (field) => field === document.activeElement });
    }
    const old = this.form.elements.received_on.value;
    byId("stale-pile").hidden = !old || old === today();
    say(byId("stale-pile").firstElementChild, t("pile.other_day", { day: day(old) }));
    say(byId("folder"), this.#folder(folder));
  }

  #folder(folder) {
    if (!folder?.watched) return t("folder.none");
    const state = t("folder.state", { waiting: folder.waiting, refused: folder.refused });
    const { received_on: received, opened_by: opened, witnessed_by: witnessed } = valuesOf(this.form);
    return received === today() && opened && witnessed ? state : `${state} ${t("folder.needs")}`;
  }

  #values() {
    const values = valuesOf(this.form);
    return { ...values, language: values.language || null };
  }

  async #save() {
    const values = this.#values();
    // An unfinished form isn't wrong yet.
    if (!values.received_on || !values.opened_by || !values.witnessed_by) return;
    await attempt(async () => {
      await call("PUT", `${LETTERS}/defaults`, { json: values });
      this.#changed = false;
    }, "defaults");
  }

  /** Whether they are on their way. */
  take(files) {
    if (!files.length) return false;
    if (!this.form.reportValidity()) {
      problem(t("pile.first"), "pile");
      return false;
    }
    settled("pile");
    clearTimeout(this.#timer);
    if (this.#changed) this.#save();
    const { language, ...entry } = this.#values();
    const together = this.#together;
    const fields = { ...entry, together };
    if (together) this.uploads.add(LETTERS, files, fields);
    else for (const file of files) this.uploads.add(LETTERS, [file], fields);
    return true;
  }
}
