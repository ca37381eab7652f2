#!/usr/bin/python3
"""Walks through a web app in a real browser engine, old or new, and tells what went wrong.

    visit.py ENGINE URL [STEP ...] [-f FILE ...] [--shot PNG] [--size 360x640] [--timeout 10]
             [--strict] [--allow REGEX] [--report JSON] [--no-scripts]

ENGINE is one of the names in engines.py, several with commas, or "all". A STEP is one line:

    open URL             loads a page (relative to the page shown now)
    fill CSS = TEXT      types into a field, picks an option; on/off for a check box
    choose CSS = PATH    puts a file into a file field
    click CSS            waits until the element is visible and nothing lies over it
    press CSS = KEY      keydown and keyup, e.g. Enter
    wait TEXT            waits until the page shows the text
    gone TEXT            waits until it does not
    see CSS              waits until the element is visible
    hidden CSS           waits until no such element is visible
    js EXPR              waits until the expression (ES5) is true
    print EXPR           prints the expression's value
    run COMMAND          a shell command that must end with 0 while the page lives on: what somebody else does
                         meanwhile. It inherits the environment, and PAGE is the address of the page shown now
    back                 history.back()
    sleep SECONDS
    shot PNG             {engine} in the name becomes the engine's name
    keep NAME            a shot of that name into $SHOTS, if that is set
    part TITLE           what follows is told under this title; when it fails, the walk goes on with the next part
    only EXPR            ends the part here, well, unless the expression is true
    note EXPR            waits until the expression is a sentence, and tells it as the outcome of the part
    allow REGEX          as --allow, to the part's end

Ends with 1 when a step failed or a JS error went uncaught, with --strict also when console.error was called
(htmx reports what it caught that way) or a request failed; what --allow matches does not count. Else with 0.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urljoin

import engines

HELPERS = r"""
function shown(e) {
  return !!e && e.getClientRects().length > 0 && getComputedStyle(e).visibility !== 'hidden';
}
function visible(css) {
  var all = document.querySelectorAll(css), i;
  for (i = 0; i < all.length; i++) if (shown(all[i])) return all[i];
  return null;
}
function need(css) {      // to do something with it: not before its scripts run
  var e = visible(css);
  if (document.readyState !== 'complete') throw 'the page is still loading';
  if (!e) throw (document.querySelector(css) ? 'not visible: ' : 'no such element: ') + css;
  return e;
}
function fire(e, type) {
  var ev = document.createEvent('Event');
  ev.initEvent(type, true, true);
  e.dispatchEvent(ev);
}
function later(act) { setTimeout(act, 0); }     // so that the answer is out before the page may go away
function fill(css, text) {
  var e = need(css);
  e.focus();
  if (e.type === 'checkbox' || e.type === 'radio') { if (e.checked !== (text !== 'off')) e.click(); return true; }
  if (e.disabled || e.readOnly) throw 'cannot be filled: ' + css;
  if (e.tagName === 'SELECT') {
    for (var i = 0; i < e.options.length; i++)
      if (e.options[i].value === text || e.options[i].text === text) { e.selectedIndex = i; break; }
    if (i === e.options.length) throw 'no option ' + text;
  } else if (e.isContentEditable) e.textContent = text;
  else e.value = text;
  fire(e, 'keydown'); fire(e, 'input'); fire(e, 'keyup'); fire(e, 'change');
  return true;
}
function click(css) {
  var e = need(css), i, r, top;
  if (e.disabled) throw 'disabled: ' + css;
  for (i = 0; i < 4; i++) {
    if (i) e.scrollIntoView(i !== 2);
    if (i === 3) scrollBy(0, -innerHeight / 2);
    r = e.getClientRects()[0];
    top = document.elementFromPoint(r.left + r.width / 2, r.top + r.height / 2);
    if (top && (e.contains(top) || top.contains(e) && top.tagName === 'LABEL')) {
      later(function () { if (e.focus) e.focus(); e.click(); });
      return true;
    }
  }
  throw css + ' is covered by ' + (top ? top.outerHTML.slice(0, 120) : 'nothing: it lies outside the screen');
}
function press(css, key) {
  var e = need(css), named = !!window.KeyboardEvent && 'key' in KeyboardEvent.prototype;
  e.focus();
  later(function () {
    ['keydown', 'keyup'].forEach(function (type) {
      var ev = document.createEvent('Event');
      ev.initEvent(type, true, true);
      if (named) ev.key = key;     // engines before 2016 know only the code
      ev.keyCode = ev.which = key === 'Enter' ? 13 : key === 'Escape' ? 27 : key.charCodeAt(0);
      e.dispatchEvent(ev);
    });
  });
  return true;
}
function text() { return document.body ? document.body.innerText.replace(/\s+/g, ' ') : ''; }
"""
LABELS = {"error": "JS ERROR ", "request": "REQUEST FAILED ", "console.error": "CONSOLE ERROR "}


class StepFailed(Exception):
    pass


@dataclasses.dataclass
class Part:
    """Of a walk; what the report tells of it."""

    title: str
    outcome: str = "works"
    failure: str = ""
    allow: str = ""
    is_over: bool = False


class Visit:
    def __init__(self, name: str, options: argparse.Namespace) -> None:
        self.name, self.options = name, options
        self.count, self.seen = {"error": 0, "console.error": 0, "request": 0}, 0
        self.part = Part("")
        self.parts = [self.part]
        width, height = options.size.split("x")
        self.engine = engines.start(name, int(width), int(height))
        self.helpers = HELPERS
        if options.no_scripts:
            self.engine.switch_scripts_off()
            self.helpers += "later = function (act) { act(); };"  # where no script runs, no timer does
        self.words: dict[str, Callable[[str], object]] = {
            "open": self.open,
            "fill": lambda rest: self.on_field("fill", rest),
            "choose": self.choose,
            "press": lambda rest: self.on_field("press", rest),
            "click": lambda css: self.until(f"click({json.dumps(css)})"),
            "wait": lambda t: self.until(f"text().indexOf({json.dumps(t)}) >= 0", "the page does not show " + t),
            "gone": lambda t: self.until(f"text().indexOf({json.dumps(t)}) < 0", "the page still shows " + t),
            "see": lambda css: self.until(f"!!visible({json.dumps(css)})", "nothing visible matches " + css),
            "hidden": lambda css: self.until(f"!visible({json.dumps(css)})", "still visible: " + css),
            "js": lambda expression: self.until(f"!!({expression})", "never true: " + expression),
            "print": lambda expression: self.say(json.dumps(self.js(expression), ensure_ascii=False)),
            "run": self.run,
            "back": lambda _: (self.js("history.back()"), self.engine.pump(0.5)),
            "sleep": lambda seconds: self.engine.pump(float(seconds)),
            "shot": self.shot,
            "keep": self.keep,
            "only": self.only,
            "note": self.note,
            "allow": lambda regex: setattr(self.part, "allow", regex),
        }

    def walk(self, steps: list[str]) -> int:
        done = 0
        try:
            for line in steps:
                if line.startswith("part "):
                    self.part = Part(line.removeprefix("part "))
                    self.parts.append(self.part)
                    self.say(f"-- {self.part.title}")
                if line.startswith("part ") or not self.part.is_over:
                    self.take(line)
                done += not self.part.failure
            if self.options.shot:
                self.shot(self.options.shot)
            self.engine.pump(0.3)
            self.tell_log()
            if self.options.report:
                self.report(self.options.report)
        finally:
            self.engine.close()
        bad = any(part.failure for part in self.parts)
        errors, consoles, requests = self.count.values()
        self.say(
            f"{'FAIL' if bad else 'PASS'}: {done} of {len(steps)} steps, "
            f"{errors} JS errors, {consoles} console.error, {requests} failed requests"
        )
        return 1 if bad else 0

    def take(self, line: str) -> None:
        """A step with its time, or with why it failed."""
        if line.startswith("part "):
            return
        began = time.monotonic()
        try:
            self.step(line)
        except Exception as error:
            why = error if isinstance(error, StepFailed) else repr(error)
            self.part.failure, self.part.is_over = f"{line}  -- {why}", True
            self.say(f"FAILED  {self.part.failure}")
            self.keep_failure()
        self.tell_log()
        if not self.part.failure:
            self.say(f"ok {time.monotonic() - began:4.1f}s  {line}")

    def report(self, path: str) -> None:
        agent = self.js("navigator.userAgent")
        parts = [{"title": p.title, "outcome": p.outcome, "failure": p.failure} for p in self.parts if p.title]
        with open(path, "w", encoding="utf-8") as f:
            json.dump({"engine": self.name, "agent": agent, "parts": parts}, f, ensure_ascii=False)

    def step(self, line: str) -> None:
        word, _, rest = line.strip().partition(" ")
        if word not in self.words:
            raise StepFailed("no such step")
        self.words[word](rest.strip())

    def open(self, address: str) -> None:
        here = str(self.js("document.__leaving = true, location.href"))
        url = urljoin(here if here.startswith("http") else self.options.url, address)
        before = len(self.engine.log)

        def trouble() -> str:
            """Not an answer of 4xx or 5xx, which begins with a number: there was none at all."""
            unanswered = [
                text
                for kind, text in self.engine.log[before:]
                if kind == "request" and text.endswith(url) and not text[0].isdigit()
            ]
            return unanswered[0] if unanswered else ""

        self.engine.goto(url)
        loaded = '!document.__leaving && document.readyState === "complete" && location.href !== "about:blank"'
        self.until(loaded, "timeout: loading " + url, trouble)
        self.engine.pump(0.2)

    def on_field(self, word: str, rest: str) -> None:
        css, eq, value = rest.partition(" = ")
        if not eq:
            raise StepFailed(f"write it as: {word} CSS = VALUE")
        self.until(f"{word}({json.dumps(css.strip())}, {json.dumps(value)})")

    def choose(self, rest: str) -> None:
        css, _, path = (part.strip() for part in rest.partition(" = "))
        field = json.dumps(css)
        self.until(f"!!visible({field})", "nothing visible matches " + css)
        box = self.js(
            f"(function (r) {{ return [r.left + 20, r.top + r.height / 2] }})(need({field}).getBoundingClientRect())"
        )
        self.engine.choose(css, *box, [os.path.abspath(os.path.expandvars(path))])

    def run(self, command: str) -> None:
        """The engine is pumped meanwhile, so that what the command causes reaches the page as it would a phone."""
        with tempfile.TemporaryFile("w+") as told:
            env = {**os.environ, "PAGE": str(self.js("location.href"))}
            quiet = {"stdin": subprocess.DEVNULL, "stdout": told, "stderr": subprocess.STDOUT}
            process = subprocess.Popen(command, shell=True, env=env, start_new_session=True, **quiet)
            try:
                end = time.monotonic() + self.options.timeout
                while process.poll() is None and time.monotonic() < end:
                    self.engine.pump(0.05)
            finally:
                if ran_out := process.poll() is None:
                    os.killpg(process.pid, signal.SIGKILL)
                    process.wait()
            told.seek(0)
            for line in told.read().splitlines():
                self.say("    " + line)
        if ran_out:
            raise StepFailed("timeout: the command did not end")
        if process.returncode:
            raise StepFailed(f"the command ended with {process.returncode}")

    def only(self, expression: str) -> None:
        self.part.is_over = not self.js(f"!!({expression})")

    def note(self, expression: str) -> None:
        self.until(f"(window.__told = {expression}) && typeof __told === 'string'", "nothing to tell: " + expression)
        self.part.outcome = str(self.js("__told"))

    def keep(self, name: str) -> None:
        if os.environ.get("SHOTS"):
            self.shot(os.path.join(os.environ["SHOTS"], f"{self.name}-{name}.png"))

    def keep_failure(self) -> None:
        """As the page stood then; one that crashed gives no picture, and the walk goes on with its next part."""
        try:
            self.keep("failed-" + re.sub(r"\W+", "-", self.part.title.lower()))
        except Exception as error:
            self.say(f"no picture: {error!r}")

    def shot(self, path: str) -> None:
        self.engine.shot(path.replace("{engine}", self.name))

    def until(self, expression: str, what: str = "", trouble: Callable[[], str] = lambda: "") -> None:
        """Repeats a look (or a try) until it gives a true value; exceptions in the page mean: not yet."""
        end = time.monotonic() + self.options.timeout
        while True:
            if found := trouble():
                raise StepFailed(found)
            try:
                if self.js(expression):
                    return
                problem = what or expression
            except StepFailed as error:
                problem = str(error)
            if time.monotonic() > end:
                raise StepFailed(problem)
            self.engine.pump(0.1)

    def js(self, expression: str) -> Any:
        tried = f"try{{return JSON.stringify({{v:({expression})}})}}catch(e){{return JSON.stringify({{e:String(e)}})}}"
        out = self.engine.run(f"(function(){{{self.helpers}\n{tried}}})()")
        if out is None:
            return None
        answer = json.loads(out)
        if "e" in answer:
            raise StepFailed(answer["e"])
        return answer.get("v")

    def tell_log(self) -> None:
        """What went uncaught fails the part; what was only complained of, a strict one."""
        self.engine.pump(0.05)
        for kind, text in self.engine.log[self.seen :]:
            if kind == "console" and text.startswith("error: "):
                kind, text = "console.error", text.removeprefix("error: ")
            text = " ".join(text.split())
            if any(allowed and re.search(allowed, text) for allowed in (self.options.allow, self.part.allow)):
                kind = "allowed " + kind
            line = LABELS.get(kind, kind + " ") + text
            if kind in self.count:
                self.count[kind] += 1
                if kind == "error" or self.options.strict:
                    self.part.failure = self.part.failure or line
            self.say(line)
        self.seen = len(self.engine.log)

    def say(self, text: str) -> None:
        print(f"{self.name:<10} {text}", flush=True)


def main() -> int:
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("engine")
    p.add_argument("url")
    p.add_argument("step", nargs="*")
    p.add_argument("-f", "--file", action="append", default=[], help="steps, one a line; # starts a comment")
    p.add_argument("--shot", help="PNG written at the end, also after a failure")
    p.add_argument("--size", default="360x640")
    p.add_argument("--strict", action="store_true", help="console.error and failed requests count too")
    p.add_argument("--allow", help="errors to let pass, a regular expression")
    p.add_argument("--timeout", type=float, default=10)
    p.add_argument(
        "--no-scripts", action="store_true", help="the page's; where the engine lets us look on all the same"
    )
    p.add_argument("--report", help="a JSON file: what became of each part")
    options = p.parse_intermixed_args()
    names = engines.NAMES if options.engine == "all" else options.engine.split(",")
    if len(names) > 1:  # an engine fills a process: one each
        at = sys.argv.index(options.engine)
        return max(subprocess.call([sys.executable, *sys.argv[:at], n, *sys.argv[at + 1 :]]) for n in names)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # tidy up also when a time limit ends us
    steps = ["open " + options.url, *options.step]
    for path in options.file:
        with open(path, encoding="utf-8") as f:
            steps += [line.strip() for line in f if line.strip() and not line.strip().startswith("#")]
    return Visit(names[0], options).walk(steps)


if __name__ == "__main__":
    sys.exit(main())
