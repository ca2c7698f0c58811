// The picture of a page: turned upright by a class, with a box around the word in question.

import { signedInAgain } from "./api.js";

const percent = (part, whole) => `${(100 * part) / whole}%`;

export class Picture {
  #retried = false;

  constructor(scan) {
    this.scan = scan;
    this.frame = scan.querySelector(".frame");
    this.img = scan.querySelector("img");
    this.box = scan.querySelector(".box");
    scan.addEventListener("click", () => this.larger());
    // The session may be over when a picture is first looked at.
    this.img.addEventListener("error", async () => {
      if (this.#retried) return;
      this.#retried = true;
      const address = this.img.src;
      if (await signedInAgain().catch(() => false)) this.img.src = address;
    });
  }

  show(address, { width, height, rotation }, alt) {
    this.img.alt = alt;
    if (!width || !height) {
      this.scan.hidden = true;
      return;
    }
    this.scan.hidden = false;
    if (this.img.getAttribute("src") !== address) this.img.src = address;
    const onSide = rotation % 180 !== 0;
    [this.width, this.height] = onSide ? [height, width] : [width, height];
    this.frame.style.aspectRatio = `${this.width} / ${this.height}`;
    this.img.style.width = onSide ? percent(width, height) : "100%";
    this.img.className = `turn-${rotation}`;
  }

  /** `[left, top, width, height]` in pixels of the upright picture; null: none. */
  mark(box) {
    this.box.hidden = !box;
    if (!box) return;
    const [left, top, width, height] = box;
    Object.assign(this.box.style, {
      left: percent(left, this.width),
      top: percent(top, this.height),
      width: percent(width, this.width),
      height: percent(height, this.height),
    });
    // Only within the picture: the words must stay where they are.
    const wanted = ((top + height / 2) / this.height) * this.frame.clientHeight - this.scan.clientHeight / 2;
    const across = ((left + width / 2) / this.width) * this.frame.clientWidth - this.scan.clientWidth / 2;
    this.scan.scrollTo({ top: wanted, left: across });
  }

  larger() {
    this.scan.classList.toggle("large");
  }
}
