// The application: one connection, one race, and the parts of the page that show and steer it.

import { Charts } from "lab/charts.js";
import { installControls } from "lab/controls.js";
import { installChrome } from "lab/chrome.js";
import { language, onLanguage, setLanguage, t } from "lab/i18n.js";
import { Panel } from "lab/panels.js";
import { DEFAULTS, fromFragment, toFragment, writeFragment } from "lab/settings.js";
import { connect } from "lab/socket.js";
import { installTarget } from "lab/target.js";
import { installView } from "lab/view.js";

const EXTRAS = ["any-f", "gallery", "stories", "share"];
/** Milliseconds between frames where the system asks for reduced motion. */
const CALM = 500;
const calm = matchMedia("(prefers-reduced-motion: reduce)");
const find = (id) => document.getElementById(id);
const textListeners = new Map();
const frameListeners = new Set();
/** The starts and changes that are not answered yet, in order: {anew, from}; from: {fail(text), clear()} or null. */
let askers = [];
/** The settings when all of those are granted; null when nothing is asked. */
let wanted = null;
const status = window.fganLab = { frames: 0, step: 0, run: 0, kind: null, settings: null, connected: false };
let panels = [];
let charts = null;
let link = null;
let chrome = null;
let waiting = null;
let scheduled = false;
let asked = false;
let target = null;
let ready = false;
let extras = null;
let opened = false;

/** What the parts of the page share. */
const app = {
  settings: null,
  members: [],
  classes: [],
  playing: false,
  run: 0,
  header: null,
  elements: { race: find("race"), panels: find("panels"), charts: find("charts"), controls: find("controls") },
  catalogue: fetchCatalogue(),
  /** Send a message; without a connection a note says so. */
  send(message) {
    if (link?.send(message)) return true;
    app.note(t("note.unsent"), "problem");
    return false;
  },
  /** fn(message) for each message of a kind, binary ones decoded. For "error": fn returns true if it shows it. */
  onMessage(kind, fn) {
    if (!textListeners.has(kind)) textListeners.set(kind, new Set());
    textListeners.get(kind).add(fn);
    return () => textListeners.get(kind).delete(fn);
  },
  /** fn(decoded) for each frame or pictures, once it is drawn. */
  onFrame(fn) {
    frameListeners.add(fn);
    return () => frameListeners.delete(fn);
  },
  /** Begin anew with these settings; fields that are not given take their defaults. `from` shows an error. */
  start(settings, from = null) {
    return ask({ do: "start", settings }, from);
  },
  /** The settings in force, with what is asked but not answered yet. */
  latest: () => wanted ?? app.settings ?? { ...DEFAULTS, ...fromFragment().settings },
  /** Begin anew with the present settings and these changes. */
  restart(partial = {}, from = null) {
    const settings = { ...app.latest(), ...partial };
    if (!["drawn", "rows"].includes(settings.target)) delete settings.points;
    return app.start(settings, from);
  },
  change(partial, from = null) {
    return ask({ do: "change", settings: partial }, from);
  },
  /** Show a note above the page; kind: "info" or "problem". */
  note: (text, kind = "info") => chrome.note(text, kind),
  /** Show a section: race, any-f, gallery, stories, share. onShow(fn) is told its id. */
  show: (id) => chrome.show(id),
  onShow: (fn) => chrome.onShow(fn),
  fragment: () => (app.settings ? toFragment(app.settings) : location.hash),
  t,
  language,
};

function ask(message, from) {
  if (!app.send(message)) return false;
  askers.push({ anew: message.do === "start", from });
  wanted = message.do === "start" ? message.settings : { ...app.latest(), ...message.settings };
  return true;
}

/** No answer will come any more. */
function forgetAsked() {
  askers = [];
  wanted = null;
}

async function fetchCatalogue() {
  const answer = await fetch("/catalogue");
  if (!answer.ok) throw new Error(`GET /catalogue: ${answer.status} ${await answer.text()}`);
  const found = await answer.json();
  return Array.isArray(found) ? { divergences: found, runs: [] }
    : { divergences: found.divergences ?? found.catalogue ?? [], runs: found.runs ?? [] };
}

// Text messages

const handlers = {
  ready() {
    // Extras listen from the first message on: a target is told only once.
    if (!ready) extras.then(begin);
  },
  settings(message) {
    const answered = askers.shift();
    // A new worker counts its runs from one again.
    const anew = message.run !== app.run || Boolean(answered?.anew);
    Object.assign(app, {
      settings: message.settings, run: message.run, playing: message.playing,
      members: message.members.map((member, k) => ({ ...message.settings.members[k], ...member })),
      classes: message.classes ?? [],
    });
    Object.assign(status, { run: message.run, settings: message.settings });
    writeFragment(message.settings);
    setMembers(anew);
    chrome.running(true);
    answered?.from?.clear();
    if (!askers.length) wanted = null;
    nextFrame();
  },
  state: (message) => { app.playing = message.playing; },
  /** Run directories are shown instead of a race. The server keeps back a start without settings. */
  opened() {
    opened = true;
    forgetAsked();
    chrome.running(true);
    chrome.show("gallery");
    find("race-empty").hidden = app.run > 0;
    nextFrame();
  },
  lost(message) {
    forgetAsked();
    chrome.bar(message.message, t("bar.again"), () => app.restart());
  },
  error(message) {
    if (!["start", "change"].includes(message.about)) return false;
    const from = askers.shift()?.from;
    wanted = null;
    from?.fail(message.message);
    return Boolean(from);
  },
};

function onText(message) {
  const own = handlers[message.kind]?.(message);
  const claimed = [...textListeners.get(message.kind) ?? []].map((fn) => fn(message));
  // An error that no control shows beside itself must not stay unseen.
  if (message.kind === "error" && own !== true && !claimed.includes(true)) app.note(message.message, "problem");
}

// Binary messages

function onFrame(decoded) {
  const { kind } = decoded.header;
  if (kind === "target") {
    target = decoded;
    charts.target(decoded.header);
    for (const panel of panels) panel.target(decoded);
    tell(decoded);
    return;
  }
  asked = false;
  waiting = decoded;
  if (!scheduled) {
    scheduled = true;
    requestAnimationFrame(draw);
  }
}

function tell(decoded) {
  const { kind } = decoded.header;
  for (const fn of kind === "target" ? [] : frameListeners) fn(decoded);
  for (const fn of textListeners.get(kind) ?? []) fn(decoded);
}

function draw(now) {
  scheduled = false;
  const frame = waiting;
  waiting = null;
  if (!frame) return;
  const { header } = frame;
  nextFrame(); // first: whatever a listener does wrong must not stop the page
  if (header.runs) {
    // Of run directories, not of the race: the gallery shows them.
    tell(frame);
    Object.assign(status, { frames: status.frames + 1, kind: header.kind });
  } else if (header.run === app.run) {
    app.header = header;
    charts.add(header);
    if (chrome.current() === "race") {
      panels.forEach((panel, k) => { if (k < header.members.length) panel.draw(frame, k); });
      charts.draw(now);
    }
    tell(frame);
    Object.assign(status, { frames: status.frames + 1, step: header.step, kind: header.kind });
  }
}

/** Ask for one frame, unless one is on its way or the page is hidden; rarely for those who want little motion. */
function nextFrame() {
  if (asked || document.hidden || !status.connected) return;
  asked = true;
  if (calm.matches) setTimeout(askFrame, CALM);
  else askFrame();
}

function askFrame() {
  asked = link.send({ do: "frame" });
}

function setMembers(anew) {
  const { members } = app;
  const root = app.elements.panels;
  while (panels.length > members.length) panels.pop().remove();
  members.forEach((member, k) => {
    if (panels[k]) panels[k].setMember(member);
    else {
      panels[k] = new Panel(root, member, k);
      if (target && !anew) panels[k].target(target);
    }
  });
  if (anew && app.settings.target === "digits") {
    target = null;
    charts.losses();
    for (const panel of panels) panel.clear();
  }
  find("race-empty").hidden = true;
  root.dataset.count = members.length;
  if (anew) charts.start(members);
  else charts.change(members);
}

// The connection

function begin() {
  ready = true;
  if (app.settings) app.start(app.settings);
  else startFromLink();
  nextFrame();
}

/** Start with the settings of the link; what is wrong with them is told, and then there is still a race. */
function startFromLink() {
  const { settings, problem } = fromFragment();
  if (problem) app.note(t("note.link", { problem }), "problem");
  if (problem && app.settings) {
    writeFragment(app.settings);
    return;
  }
  if (opened && !app.settings && !Object.keys(settings).length) return;
  const fail = (text) => {
    app.note(t("note.refused", { problem: text }), "problem");
    if (app.settings) writeFragment(app.settings);
    else if (Object.keys(settings).length) app.start({});
  };
  app.start(settings, { fail, clear() {} });
}

const connection = {
  onText,
  onFrame,
  onOpen(again) {
    status.connected = true;
    asked = false;
    forgetAsked();
    link.send({ do: "visible", visible: !document.hidden });
    if (!again) return;
    chrome.bar(t("bar.back"), t("bar.on"), () => {
      ready = false;
      begin();
    });
  },
  onLost({ seconds }) {
    status.connected = false;
    // After the first time the server's "ready" must not start training unasked.
    ready = true;
    chrome.bar(t("bar.lost", { seconds }), t("bar.now"), () => link.retry());
  },
  onProblem: (text) => app.note(text, "problem"),
};

document.addEventListener("visibilitychange", () => {
  if (!status.connected) return;
  link.send({ do: "visible", visible: !document.hidden });
  nextFrame();
});

addEventListener("hashchange", startFromLink);

async function installExtras() {
  const modules = await Promise.allSettled(EXTRAS.map((name) => import(`lab/${name}.js`)));
  for (const [k, name] of EXTRAS.entries()) {
    try {
      if (modules[k].status === "rejected") throw modules[k].reason;
      await modules[k].value.install(app);
    } catch (error) {
      console.error(error);
      app.note(t("note.part", { name, problem: error.message }), "problem");
    }
  }
}

function main() {
  chrome = installChrome(app);
  charts = new Charts(app.elements.charts);
  installControls(app);
  installTarget(app);
  installView(app, () => panels);
  setLanguage(language());
  app.catalogue.catch((error) => app.note(t("note.catalogue", { problem: error.message }), "problem"));
  onLanguage(() => { document.title = t("title"); });
  extras = installExtras();
  link = connect(connection);
}

main();
