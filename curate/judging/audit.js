"use strict";
// Ticks are kept by the browser under the claims they are about and the auditor's name, and saved as a file.
(() => {
  const VERDICTS = ["right", "wrong", "unclear"];
  const KEYS = { r: "right", w: "wrong", c: "unclear", 0: null };
  const page = document.body.dataset;
  const at = (id) => document.getElementById(id);
  const auditor = at("auditor");
  const clips = [...document.querySelectorAll(".clip")].map((element) => ({
    id: element.dataset.clip,
    digest: element.dataset.digest,
    claims: [...element.querySelectorAll(".claim")],
    missing: element.querySelector("textarea"),
    video: element.querySelector("video"),
  }));
  const claims = clips.flatMap((clip) => clip.claims);
  const clipOf = (claim) => clips.find((clip) => clip.claims.includes(claim));
  let name = "";
  let unsaved = false;
  let marked = claims[0] ?? null;

  const inputs = (claim) => [...claim.querySelectorAll("input")];
  const tickOf = (claim) => inputs(claim).find((input) => input.checked)?.value ?? null;
  const lines = (text) =>
    text.split("\n").map((line) => line.trim().slice(0, Number(page.longest))).filter(Boolean)
      .slice(0, Number(page.most));

  function tick(claim, verdict) {
    for (const input of inputs(claim)) input.checked = input.value === verdict;
  }

  function sheet() {
    return {
      format: page.format,
      version: Number(page.version),
      auditor: name,
      clips: clips.map((clip) => ({
        clip_id: clip.id,
        digest: clip.digest,
        claims: clip.claims.map(tickOf),
        missing: lines(clip.missing.value),
      })),
    };
  }

  function show(found) {
    const known = new Map((found?.clips ?? []).map((clip) => [clip.clip_id, clip]));
    for (const clip of clips) {
      const mine = known.get(clip.id);
      clip.claims.forEach((claim, number) => {
        const verdict = mine?.claims?.[number];
        tick(claim, VERDICTS.includes(verdict) ? verdict : null);
      });
      clip.missing.value = (Array.isArray(mine?.missing) ? mine.missing : []).map(String).join("\n");
    }
    count();
  }

  function count() {
    const done = claims.filter(tickOf).length;
    at("progress").textContent = `${done} of ${claims.length} ticked`;
  }

  // -- what the browser keeps ------------------------------------------------------------------------------

  const place = (of) => `curate-audit:${page.audit}:${of}`;

  function kept(of) {
    try {
      return JSON.parse(localStorage.getItem(place(of)));
    } catch {
      return null;
    }
  }

  function keep() {
    unsaved = true;
    count();
    try {
      localStorage.setItem(place(name), JSON.stringify(sheet()));
      localStorage.setItem(place("/last"), JSON.stringify(name));
      at("note").hidden = true;
    } catch {
      at("note").textContent = "This browser keeps nothing of this page: save the ticks before you close it.";
      at("note").hidden = false;
    }
  }

  function rename() {
    const next = auditor.value.trim().replace(/\s+/g, " ").replace(/^\//, "");
    if (next === name) return;
    const theirs = kept(next);
    // Ticks that were nobody's become those of whoever says who it is; another name begins or goes on with
    // a sheet of its own.
    const take = name === "" && theirs === null;
    if (take) {
      try { localStorage.removeItem(place("")); } catch { /* nothing was kept */ }
    }
    name = next;
    if (!take) show(theirs);
    keep();
  }

  function save() {
    rename();
    const plain = name.normalize("NFKD").replace(/[^A-Za-z0-9]+/g, "-").replace(/^-+|-+$/g, "").toLowerCase();
    const link = document.createElement("a");
    link.download = plain ? `audit-ticks-${plain}.json` : "audit-ticks.json";
    link.href = URL.createObjectURL(new Blob([JSON.stringify(sheet(), null, 1) + "\n"], { type: "application/json" }));
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60000);
    unsaved = false;
  }

  // -- moving about ----------------------------------------------------------------------------------------

  function mark(claim, go) {
    if (!claim) return;
    marked?.classList.remove("marked");
    marked = claim;
    claim.classList.add("marked");
    if (go) {
      claim.focus({ preventScroll: true });
      claim.scrollIntoView({ block: "nearest" });
    }
  }

  const beside = (step) => claims[claims.indexOf(marked) + step];

  function unticked() {
    const after = claims.indexOf(marked) + 1;
    return [...claims.slice(after), ...claims.slice(0, after)].find((claim) => !tickOf(claim));
  }

  function play() {
    const video = marked && clipOf(marked).video;
    if (video && video.paused) video.play().catch(() => {});
    else video?.pause();
  }

  document.addEventListener("keydown", (event) => {
    const typing = event.target.matches("textarea, input[type=text]");
    if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
    const key = event.key.toLowerCase();
    if (key in KEYS && marked) {
      tick(marked, KEYS[key]);
      keep();
      if (KEYS[key]) mark(beside(1), true);
    } else if (key === "j") mark(beside(1), true);
    else if (key === "k") mark(beside(-1), true);
    else if (key === "n") mark(unticked(), true);
    else if (key === "p") play();
    else return;
    event.preventDefault();
  });
  document.addEventListener("focusin", (event) => {
    const claim = event.target.closest(".claim");
    if (claim) mark(claim, false);
  });
  document.addEventListener("change", (event) => {
    if (event.target === auditor) rename();
    else keep();
  });
  document.addEventListener("input", (event) => {
    if (event.target.matches("textarea")) keep();
  });
  at("next").addEventListener("click", () => mark(unticked(), true));
  at("save").addEventListener("click", save);
  // Another tab of the same auditor; or what this one was told before it was closed, if that is late.
  addEventListener("storage", (event) => {
    if (event.key === place(name)) show(kept(name));
  });
  addEventListener("beforeunload", (event) => {
    if (unsaved && !at("note").hidden) event.preventDefault();
  });

  const last = kept("/last");
  name = typeof last === "string" ? last : "";
  auditor.value = name;
  show(kept(name));
  mark(marked, false);
})();
