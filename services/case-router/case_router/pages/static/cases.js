// What the pages need besides htmx: a session that is renewed, keys, and a case that shows what is new by itself
// as long as nothing is being typed.
(() => {
  "use strict";
  const desk = document.getElementById("desk");
  const RENEW_AFTER = 4 * 60 * 1000;

  // --- the session -------------------------------------------------------------------------------------------
  const alive = async () => (await fetch("/cases/alive")).status === 204;
  let renewing = null;

  /** A new session token. A renewal that is used twice ends the sign-in, so tabs take turns. */
  const renew = (always) => {
    const turn = async () =>
      (!always && (await alive())) || (await fetch("/login/refresh?next=/cases/alive")).status === 204;
    renewing ??= (navigator.locks ? navigator.locks.request("speakup-renew", turn) : turn())
      .catch(() => false)
      .finally(() => {
        renewing = null;
      });
    return renewing;
  };
  const stamp = "speakup-renewed";
  const due = () => Date.now() - Number(localStorage.getItem(stamp) ?? 0) > RENEW_AFTER;
  const keep = async () => {
    if (document.hidden || !due()) return;
    localStorage.setItem(stamp, String(Date.now()));
    await renew(true);
  };
  setInterval(keep, 30 * 1000);
  document.addEventListener("visibilitychange", keep);

  /** A form that was refused for a session that is over is sent again once the session goes on. */
  document.body.addEventListener("htmx:responseError", async (event) => {
    const { xhr, elt, requestConfig } = event.detail;
    if (xhr.status !== 401 || elt.dataset.again) return;
    elt.dataset.again = "1";
    if (await renew(false)) {
      document.getElementById("problem").replaceChildren();
      if (requestConfig.verb === "post") elt.requestSubmit();
      else window.htmx.trigger(elt, "desk:news");
    }
    delete elt.dataset.again;
  });

  // --- what htmx puts into the page --------------------------------------------------------------------------
  const tell = (text) => {
    const said = document.createElement("p");
    said.className = "wrong";
    said.textContent = text;
    document.getElementById("problem").replaceChildren(said);
  };
  document.body.addEventListener("htmx:beforeSwap", (event) => {
    const { xhr, requestConfig } = event.detail;
    // What asks by itself fails by itself.
    const quiet = requestConfig.elt.matches("[hx-trigger*='every']") && xhr.status >= 400;
    const ours = (xhr.getResponseHeader("content-type") ?? "").startsWith("text/html");
    if (quiet || (!ours && xhr.status !== 204)) event.detail.shouldSwap = false;
    if (!quiet && !ours && xhr.status >= 400) tell(desk.dataset.away);
  });
  document.body.addEventListener("htmx:sendError", (event) => {
    if (event.detail.requestConfig.verb === "post") tell(desk.dataset.away);
  });

  /** Whether something typed or chosen here would be lost. */
  const typed = () =>
    [...document.querySelectorAll("#case form")].some((form) =>
      [...form.elements].some((field) =>
        field.type === "radio" || field.type === "checkbox"
          ? field.checked !== field.defaultChecked
          : field.tagName === "SELECT"
            ? [...field.options].some((one) => one.defaultSelected !== one.selected && one.defaultSelected)
            : field.matches("textarea, input:not([type=hidden])") && field.value !== field.defaultValue,
      ),
    );
  const busy = () => [...document.querySelectorAll("audio")].some((one) => !one.paused);
  let sending = false;
  document.body.addEventListener("htmx:load", (event) => {
    const newer = event.detail.elt.querySelector?.("[data-newer]");
    if (newer && !typed() && !busy() && !document.querySelector("#case .step :focus")) newer.click();
  });
  document.body.addEventListener("htmx:beforeRequest", (event) => {
    sending = event.detail.requestConfig.verb === "post";
  });
  document.body.addEventListener("htmx:afterSettle", (event) => {
    if (event.detail.target.id === "problem" || document.querySelector("#problem > *")) {
      document.getElementById("problem").scrollIntoView({ block: "center" });
    } else if (sending) {
      document.querySelector("#case h1")?.focus({ preventScroll: true });
      window.scrollTo({ top: 0 });
    }
    sending = false;
  });
  addEventListener("beforeunload", (event) => {
    if (typed()) event.preventDefault();
  });
  for (const name of ["submit", "htmx:beforeRequest"]) {
    document.addEventListener(name, (event) => {
      if (event.target.closest?.("form")) document.getElementById("problem").replaceChildren();
    });
  }

  // On a phone the list comes first.
  const filters = document.getElementById("filters");
  if (filters && matchMedia("(max-width: 47.99rem)").matches) {
    filters.open = filters.querySelector("[aria-current]") !== null;
  }

  // --- what changes ------------------------------------------------------------------------------------------
  // A browser keeps six connections to a host, so of all tabs one listens and tells the others.
  const channel = new BroadcastChannel("speakup-live");
  let told = null;
  const heard = () => {
    // Several changes at once are one look.
    told ??= setTimeout(() => {
      told = null;
      if (!document.hidden) window.htmx?.trigger(document.body, "desk:news");
    }, 300);
  };
  channel.addEventListener("message", heard);
  document.addEventListener("visibilitychange", heard);
  const listen = () =>
    new Promise((over) => {
      const source = new EventSource("/api/v1/events");
      for (const name of ["case", "reset"]) {
        source.addEventListener(name, () => {
          heard();
          channel.postMessage(name);
        });
      }
      // Closed for good: the session was over. It goes on once it is renewed.
      source.addEventListener("error", () => source.readyState === EventSource.CLOSED && over());
    });
  const follow = async () => {
    for (;;) {
      await (navigator.locks ? navigator.locks.request("speakup-live", listen) : listen());
      await new Promise((over) => setTimeout(over, 10 * 1000));
    }
  };
  if (document.querySelector("[hx-trigger*='desk:news']")) follow();

  // --- keys --------------------------------------------------------------------------------------------------
  const dialog = document.getElementById("keys-dialog");
  const help = () => dialog.showModal();
  document.getElementById("show-keys")?.addEventListener("click", help);
  const step = (by) => {
    const links = [...document.querySelectorAll("a.case")];
    const next = links.indexOf(document.activeElement) + by;
    links[Math.max(0, Math.min(links.length - 1, next))]?.focus();
  };
  const open = (id) => {
    const part = document.getElementById(id);
    if (!part) return;
    part.open = true;
    part.scrollIntoView({ block: "start" });
    part.querySelector("select, textarea, input:not([type=hidden]), button")?.focus();
  };
  const menu = (key) => document.querySelector(`.menu [data-key="${key}"]`)?.click();
  const KEYS = {
    1: () => menu(1),
    2: () => menu(2),
    3: () => menu(3),
    j: () => step(1),
    k: () => step(-1),
    f: () => document.getElementById("find")?.focus(),
    t: () => open("step-triage"),
    a: () => open("step-assign"),
    r: () => open("step-write"),
    c: () => open("step-close"),
    n: () => open("step-note"),
    u: () => document.querySelector("[data-up]")?.click(),
    "?": help,
  };
  // By the key's place where the layout isn't Latin: Kazakh and Russian keyboards work, too.
  const named = (event) =>
    /^[a-z?]$/i.test(event.key) || /^\d$/.test(event.key)
      ? event.key.toLowerCase()
      : event.code.replace(/^Key/, "").toLowerCase();
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && event.target.matches("input, textarea, select")) {
      event.target.blur();
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey || dialog.open) return;
    if (event.target.matches("input, textarea, select")) return;
    const act = KEYS[named(event)];
    if (act) {
      event.preventDefault();
      act();
    } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      if (document.activeElement?.matches("a.case")) {
        event.preventDefault();
        step(event.key === "ArrowDown" ? 1 : -1);
      }
    }
  });
})();
