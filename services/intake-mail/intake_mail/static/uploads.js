// Files on their way, one after the other, so that letters are numbered in the order in which they were given.
// Each keeps its key: a try that was cut and is repeated makes one letter.

import { Away, Problem, upload } from "./api.js";
import { make, say } from "./build.js";
import { t } from "./texts.js";

const SLOWEST = 15000; // ms between tries

const all = new Set();

export class Uploads {
  #queue = [];
  #running = false;

  /** `onDone(answer)` for each request that went through. */
  constructor(list, onDone) {
    this.list = list;
    this.onDone = onDone;
    all.add(this);
  }

  /** `fields`: a snapshot, as a repeated request must be the same. */
  add(path, files, fields) {
    const row = make("li");
    const bar = make("progress", { max: 1, value: 0, "aria-label": t("upload.progress") });
    const state = make("span", { role: "status" }, t("upload.queued"));
    const name = files.length === 1 ? files[0].name : t("upload.several", { count: files.length, name: files[0].name });
    row.append(make("span.file-name", {}, name), bar, state);
    this.list.append(row);
    this.#queue.push({ path, files, fields, key: crypto.randomUUID(), row, bar, state });
    this.#run();
  }

  get busy() {
    return this.#running;
  }

  async #run() {
    if (this.#running) return;
    this.#running = true;
    try {
      while (this.#queue.length) await this.#one(this.#queue.shift());
    } finally {
      this.#running = false;
    }
  }

  async #one(job) {
    const { path, key, bar, state } = job;
    for (let pause = 1000; ; pause = Math.min(pause * 2, SLOWEST)) {
      try {
        say(state, t("upload.sending"));
        const answer = await upload(path, this.#form(job), key, (sent, whole) => {
          bar.value = whole ? sent / whole : 0;
          if (sent === whole) say(state, t("upload.checking"));
        });
        this.#done(job, answer);
        return;
      } catch (error) {
        if (!(error instanceof Away)) {
          this.#refused(job, error);
          return;
        }
        say(state, error.message);
        await new Promise((resolve) => {
          setTimeout(resolve, pause);
          addEventListener("online", resolve, { once: true });
        });
      }
    }
  }

  #form({ files, fields }) {
    const form = new FormData();
    for (const [name, value] of Object.entries(fields)) {
      if (value !== null && value !== undefined && value !== "") form.append(name, String(value));
    }
    for (const file of files) form.append("files", file);
    return form;
  }

  #done({ bar, state, row }, answer) {
    bar.value = 1;
    row.classList.add("done");
    const numbers = (answer.letters ?? []).map((one) => one.number).join(", ");
    say(state, numbers ? t("upload.done", { numbers }) : t("upload.added"));
    setTimeout(() => row.remove(), 10000);
    this.onDone(answer);
  }

  #refused(job, error) {
    const { row, bar, state, files } = job;
    bar.hidden = true;
    row.classList.add("wrong");
    const about = (one) => (one.file && files.length > 1 ? `${files[one.file - 1]?.name ?? ""}: ${one.what}` : one.what);
    const sentences = error instanceof Problem ? error.errors.map(about).filter(Boolean) : [];
    say(state, sentences.length ? sentences.join(" ") : error.message);
    const button = (text, act) => make("button.quiet-button", { type: "button", onclick: act }, text);
    const buttons = make(
      "span.row",
      {},
      button(t("upload.again"), () => {
        buttons.remove();
        row.classList.remove("wrong");
        bar.hidden = false;
        this.#queue.push(job);
        this.#run();
      }),
      button(t("upload.dismiss"), () => row.remove()),
    );
    row.append(buttons);
  }
}

addEventListener("beforeunload", (event) => {
  if ([...all].some((uploads) => uploads.busy)) event.preventDefault();
});
