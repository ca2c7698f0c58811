// The page by keyboard. Keys are known by their place, so that they work with a Kazakh or Russian layout, too, and
// only where nobody is typing; Esc leaves a field.

import { byId } from "./build.js";

const typing = (target) => target.closest("input:not([type=checkbox], [type=file]), select, textarea") !== null;

const LANGUAGES = { Digit1: "kk", Digit2: "ru", Digit3: "en", Numpad1: "kk", Numpad2: "ru", Numpad3: "en" };

const actions = (letter) => ({
  KeyJ: () => letter.beside(1),
  ArrowRight: () => letter.beside(1),
  KeyK: () => letter.beside(-1),
  ArrowLeft: () => letter.beside(-1),
  KeyU: () => letter.send(true),
  KeyN: () => letter.movePage(1),
  KeyP: () => letter.movePage(-1),
  KeyE: () => letter.page?.edit(),
  KeyR: (event) => letter.page?.turn(event.shiftKey),
  KeyD: () => letter.page?.drop(),
  KeyH: () => letter.page?.handwritten(),
  KeyS: () => letter.page?.split(),
  KeyZ: () => letter.page?.larger(),
  KeyI: () => byId("details").elements.language.focus(),
  KeyL: () => letter.go(null),
  Escape: () => letter.go(null),
  ...Object.fromEntries(Object.entries(LANGUAGES).map(([code, language]) => [code, () => letter.page?.read(language)])),
});

const inList = (drafts) => ({
  KeyJ: () => drafts.move(1),
  ArrowDown: () => drafts.move(1),
  KeyK: () => drafts.move(-1),
  ArrowUp: () => drafts.move(-1),
  KeyF: () => byId("files").click(),
});

/** `view()`: the name of the view that is shown. */
export const listen = (letter, drafts, view) => {
  const ofLetter = actions(letter);
  const ofList = inList(drafts);
  const help = () => byId("keys-dialog").showModal();
  byId("show-keys").addEventListener("click", help);
  // These work while typing, too.
  const everywhere = (event) => {
    if (view() !== "letter") return null;
    if (event.code === "Enter" && (event.ctrlKey || event.metaKey)) return () => letter.send(false);
    if (event.code === "F2") return () => letter.unsure(event.shiftKey ? -1 : 1);
    return null;
  };
  const elsewhere = (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return null;
    if (event.key === "?" || (event.code === "Slash" && event.shiftKey)) return help;
    if (view() === "letter") return ofLetter[event.code];
    return view() === "letters" ? ofList[event.code] : null;
  };
  addEventListener("keydown", (event) => {
    if (document.querySelector("dialog[open]") || event.isComposing) return;
    if (event.code === "Escape" && typing(event.target)) {
      event.target.blur();
      letter.page?.element.contains(event.target) && letter.page.element.focus({ preventScroll: true });
      return;
    }
    const act = everywhere(event) ?? elsewhere(event);
    if (!act || (event.repeat && !event.code.startsWith("Arrow"))) return;
    event.preventDefault();
    act(event);
  });
};
