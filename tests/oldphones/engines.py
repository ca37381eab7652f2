"""One small class per way of driving a browser engine. All have the same face:

    goto(url)      starts loading
    run(code)      runs ES5 code whose value is a string, returns that string
    choose(css, x, y, paths)   puts files into the file field that css finds and that stands at x, y
    pump(seconds)  lets the engine work and collects what it reports into self.log
    shot(path)     writes a PNG of what the screen shows
    close()

self.log holds (kind, text); kind is "error" (uncaught JS error), "console" or "request" (a failed one).
Alerts and confirms are answered with OK.
"""

from __future__ import annotations

import atexit
import base64
import ctypes
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
HOME = Path(os.environ.get("OLDPHONES_HOME") or "~/.cache/oldphones").expanduser().absolute()
NAMES = ["webkit602", "chromium45", "chromium49", "chromium64", "chromium92", "firefox", "webkitgtk", "chromium"]

Params = dict[str, Any]


def start(name: str, width: int, height: int) -> Any:
    if name not in NAMES:
        raise SystemExit(f"unknown engine {name!r}; known: {' '.join(NAMES)}")
    try:
        if name in ("webkit602", "webkitgtk", "firefox"):
            return {"webkit602": QtWebKit, "webkitgtk": WebKitGtk, "firefox": Firefox}[name](width, height)
        if name in ("chromium45", "chromium49"):
            return QtWebEngine(HOME / name, width, height)
        return Chromium("chromium" if name == "chromium" else str(HOME / name / "chrome"), width, height)
    except (OSError, ImportError, ValueError) as error:
        raise SystemExit(f"{name} does not start ({error}); is it installed? bin/oldphones {name}") from error


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])


def spawn(argv: list[str], **how: Any) -> subprocess.Popen[bytes]:
    """Starts a program that ends when this one does, however that happens."""
    libc = ctypes.CDLL(None)
    return subprocess.Popen(
        argv,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        preexec_fn=lambda: libc.prctl(1, signal.SIGTERM),  # PR_SET_PDEATHSIG
        **how,
    )


def stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def scratch() -> str:
    """A folder that is gone at the end; a browser may still write into it while it ends."""

    def clear() -> None:
        for _ in range(20):
            shutil.rmtree(path, ignore_errors=True)
            if not os.path.exists(path):
                break
            time.sleep(0.1)

    path = tempfile.mkdtemp(prefix="oldphones-")
    atexit.register(clear)
    return path


class Screen:
    """A private X screen (Xvfb) and pictures of it, for engines that want a window."""

    def __init__(self, width: int, height: int) -> None:
        r, w = os.pipe()
        argv = ["Xvfb", "-displayfd", str(w), "-screen", "0", f"{width}x{height}x24", "-nolisten", "tcp"]
        self.process = spawn(argv, pass_fds=[w])
        os.close(w)
        with os.fdopen(r) as f:
            os.environ["DISPLAY"] = ":" + f.readline().strip()
        os.environ["GDK_BACKEND"] = "x11"

    def shot(self, path: str) -> None:
        import gi

        gi.require_version("Gdk", "3.0")
        from gi.repository import Gdk

        Gdk.init([])
        root = Gdk.get_default_root_window()
        Gdk.pixbuf_get_from_window(root, 0, 0, root.get_width(), root.get_height()).savev(path, "png", [], [])

    def close(self) -> None:
        stop(self.process)


class Remote:
    """JSON commands and events over a WebSocket; the base of the Chromium and Firefox drivers."""

    def launch(self, argv: list[str], **env: str) -> None:
        """The profile folder takes everything the browser keeps, so every walk begins as a stranger."""
        self.log: list[tuple[str, str]] = []
        self.ids = 0
        folders = {f"XDG_{kind}": self.profile for kind in ("RUNTIME_DIR", "DATA_HOME", "CACHE_HOME", "CONFIG_HOME")}
        self.process = spawn(argv, env={**os.environ, **folders, **env}, cwd=self.profile)

    def connect(self, find_url: Callable[[], str]) -> None:
        import websocket

        program = self.process.args[0]  # type: ignore[index]
        self.timeout = websocket.WebSocketTimeoutException
        for _ in range(600):
            if self.process.poll() is not None:
                raise SystemExit(f"{program} ended at once with code {self.process.returncode}")
            try:
                self.ws = websocket.create_connection(find_url(), timeout=30, suppress_origin=True)
            except (OSError, IndexError, websocket.WebSocketException):
                time.sleep(0.1)
            else:
                return
        raise SystemExit(f"{program} opened no debugging port")

    def send(self, method: str, **params: Any) -> int:
        self.ids += 1
        self.ws.send(json.dumps({"id": self.ids, "method": method, "params": params}))
        return self.ids

    def call(self, method: str, **params: Any) -> Params:
        wanted = self.send(method, **params)
        while True:
            message: Params = json.loads(self.ws.recv())
            if message.get("id") == wanted:
                return message
            if "method" in message:
                self.event(message["method"], message.get("params", {}))

    def event(self, method: str, p: Params) -> None:
        raise NotImplementedError

    def pump(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self.ws.settimeout(left)
            try:
                message = json.loads(self.ws.recv())
            except self.timeout:
                break
            if "method" in message:
                self.event(message["method"], message.get("params", {}))
        self.ws.settimeout(30)

    def close(self) -> None:
        stop(self.process)


class Chromium(Remote):
    """The DevTools protocol, in the parts that Chromium 45 and today's both know."""

    SWITCHES = [
        *("--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run", "--disable-quic"),
        *("--disable-background-networking", "--disable-component-update", "--disable-sync", "--lang=ru"),
        *("--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream"),
        "--autoplay-policy=no-user-gesture-required",  # the clicks of a walk are a finger's
        # No phone's Chromium can mark its icon; a headless one of before 2022 ends the page that asks for it.
        "--disable-blink-features=Badging",
    ]

    def __init__(self, binary: str, width: int, height: int) -> None:
        port = free_port()
        self.profile = scratch()
        own = [f"--user-data-dir={self.profile}", f"--remote-debugging-port={port}"]
        self.launch([binary, *self.SWITCHES, *own, "about:blank"])
        self.attach(port)
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=True)

    def attach(self, port: int) -> None:
        from urllib.request import urlopen

        def find_page() -> str:
            with urlopen(f"http://127.0.0.1:{port}/json/list", timeout=5) as answer:
                pages = [tab for tab in json.load(answer) if tab["type"] == "page"]
            return str(pages.pop(0)["webSocketDebuggerUrl"])

        self.urls: dict[str, str] = {}
        self.connect(find_page)
        for domain in ("Page", "Runtime", "Network", "Inspector"):
            self.call(domain + ".enable")
        if "error" in self.call("Log.enable"):
            self.call("Console.enable")  # before Chromium 54 errors come only this way

    def switch_scripts_off(self) -> None:
        """The page's own; ours are evaluated all the same."""
        if "error" in self.call("Emulation.setScriptExecutionDisabled", value=True):
            raise SystemExit("this engine has no switch for scripts")

    def event(self, method: str, p: Params) -> None:
        if method == "Runtime.exceptionThrown":
            d = p["exceptionDetails"]
            text = d.get("exception", {}).get("description") or d["text"]
            place = f"{d.get('url', '')}:{d.get('lineNumber', 0) + 1}"
            self.log.append(("error", text.split("\n    at")[0] + "  " + place))
        elif method == "Runtime.consoleAPICalled":
            self.log.append(("console", p["type"] + ": " + _spelled(p["args"])))
        elif method == "Log.entryAdded" and not _told_elsewhere(p["entry"]):
            self.log.append(("console", p["entry"]["level"] + ": " + p["entry"]["text"]))
        elif method == "Console.messageAdded" and not _told_elsewhere(p["message"]):
            self.console_message(p["message"])
        elif method == "Network.requestWillBeSent":
            self.urls[p["requestId"]] = f"{p['request']['method']} {p['request']['url']}"
        elif method == "Network.responseReceived" and p["response"]["status"] >= 400:
            what = self.urls.get(p["requestId"], p["response"]["url"])
            self.log.append(("request", f"{p['response']['status']} {what}"))
        elif method == "Network.loadingFailed" and not p.get("canceled"):
            self.log.append(("request", f"{p['errorText'] or 'failed'} {self.urls.get(p['requestId'], '?')}"))
        elif method == "Inspector.targetCrashed":
            self.log.append(("error", "the page crashed"))
            self.goto("about:blank")  # else nothing here would ever answer again
        elif method == "Page.javascriptDialogOpening":
            self.log.append(("console", p.get("type", "dialog") + ": " + p["message"]))
            self.send("Page.handleJavaScriptDialog", accept=True)

    def console_message(self, message: Params) -> None:
        if (message["source"], message["level"]) == ("javascript", "error"):
            self.log.append(("error", f"{message['text']}  {message.get('url', '')}:{message.get('line', '')}"))
        else:
            text = _spelled(message.get("parameters", [])) or message["text"]
            self.log.append(("console", message["level"] + ": " + text))

    def goto(self, url: str) -> None:
        self.send("Page.navigate", url=url)

    def run(self, code: str) -> str | None:
        answer = self.call("Runtime.evaluate", expression=code, returnByValue=True)
        return answer["result"]["result"].get("value") if "result" in answer else None

    def choose(self, css: str, x: float, y: float, paths: list[str]) -> None:
        root = self.call("DOM.getDocument")["result"]["root"]["nodeId"]
        found = self.call("DOM.querySelector", nodeId=root, selector=css)["result"]["nodeId"]
        answer = self.call("DOM.setFileInputFiles", nodeId=found, files=paths)
        if "error" in answer:
            raise OSError(answer["error"]["message"])

    def shot(self, path: str) -> None:
        data = self.call("Page.captureScreenshot", format="png")["result"]["data"]
        Path(path).write_bytes(base64.b64decode(data))


def _told_elsewhere(entry: Params) -> bool:
    """Failed requests have events of their own, failed sockets have not; one whose page was left early did not fail."""
    failed_socket = entry["text"].startswith("WebSocket") and "closed before" not in entry["text"]
    return entry["source"] == "network" and not failed_socket


def _spelled(arguments: list[Params]) -> str:
    return " ".join(str(a.get("value", a.get("description", a["type"]))) for a in arguments)


class QtWebEngine(Chromium):
    """Chromium as a Qt library: a window on a private screen, the same DevTools protocol."""

    # Qt would open a window of its own for these and wait.
    DIALOGS = """window.alert = function (t) { console.log('alert: ' + t) };
        window.confirm = function (t) { console.log('confirm: ' + t); return true };
        window.prompt = function (t, d) { console.log('prompt: ' + t); return d || '' };"""

    def __init__(self, qt: Path, width: int, height: int) -> None:
        if not qt.is_dir():
            raise OSError(f"{qt} is missing")
        port = free_port()
        self.profile = scratch()
        self.screen = Screen(width, height)
        self.launch(["/usr/bin/python3", str(HERE / "qtengine.py"), str(qt), str(port), str(width), str(height)])
        self.attach(port)
        self.call("Page.addScriptToEvaluateOnLoad", scriptSource=self.DIALOGS)

    def shot(self, path: str) -> None:
        self.pump(0.5)
        self.screen.shot(path)

    def close(self) -> None:
        super().close()
        self.screen.close()


class Firefox(Remote):
    """WebDriver BiDi."""

    PREFERENCES = {
        "media.navigator.permission.disabled": True,
        "media.navigator.streams.fake": True,
        "media.autoplay.default": 0,  # the clicks of a walk are a finger's
        "media.autoplay.blocking_policy": 0,
        "intl.accept_languages": "ru,en",
        "datareporting.policy.dataSubmissionEnabled": False,
        "app.update.disabledForTesting": True,
        "browser.shell.checkDefaultBrowser": False,
    }
    EVENTS = [
        "log.entryAdded",
        "network.responseCompleted",
        "network.fetchError",
        "browsingContext.userPromptOpened",
    ]
    # How Firefox's console tells of a request that a page had not finished when it was left, if the worker was asked.
    LEFT = re.compile(
        r"^Failed to load .(\S*)\S\. A ServiceWorker intercepted the request and encountered an unexpected"
    )
    SOON = 0.2  # seconds: it may tell of that before it tells that the request was broken off
    LATE = 5.0  # seconds: nor do both come at once, and the next page may ask for the same
    # And how it tells that of a page's scripts, as it was left, one had come and one that it needs had not.
    LACKING = re.compile(r"^ReferenceError: \w+ is not defined$")

    def __init__(self, width: int, height: int) -> None:
        port = free_port()
        self.aborted: dict[str, float] = {}  # when it was broken off
        self.held: list[tuple[float, Params]] = []  # until when, and what the console was told
        self.profile = scratch()
        lines = [f"user_pref({json.dumps(k)}, {json.dumps(v)});\n" for k, v in self.PREFERENCES.items()]
        Path(self.profile, "user.js").write_text("".join(lines))
        argv = ["firefox-esr", "--headless", "--no-remote", "--profile", self.profile]
        self.launch([*argv, "--remote-debugging-port", str(port), "about:blank"], HOME=self.profile)
        self.connect(lambda: f"ws://127.0.0.1:{port}/session")
        self.call("session.new", capabilities={"alwaysMatch": {"unhandledPromptBehavior": {"default": "accept"}}})
        self.call("session.subscribe", events=self.EVENTS)
        self.tab = self.call("browsingContext.getTree")["result"]["contexts"][0]["context"]
        self.call("browsingContext.setViewport", context=self.tab, viewport={"width": width, "height": height})

    def event(self, method: str, p: Params) -> None:
        if method == "log.entryAdded":
            self.held.append((time.monotonic() + (self.SOON if self.may_be_left(p["text"] or "") else 0), p))
            self.settle()
        elif method == "network.responseCompleted" and p["response"]["status"] >= 400:
            what = f"{p['request']['method']} {p['request']['url']}"
            self.log.append(("request", f"{p['response']['status']} {what}"))
        elif method == "network.fetchError" and p["errorText"] == "NS_BINDING_ABORTED":
            self.aborted[p["request"]["url"]] = time.monotonic()
            self.settle()
        elif method == "network.fetchError":
            self.log.append(("request", f"{p['errorText']} {p['request']['method']} {p['request']['url']}"))
        elif method == "browsingContext.userPromptOpened":
            self.log.append(("console", p["type"] + ": " + p["message"]))

    def pump(self, seconds: float) -> None:
        super().pump(seconds)
        self.settle()

    def settle(self) -> None:
        """Of what the console was told: what belongs to a page that was left, and what has waited long enough."""
        held, self.held = self.held, []
        for until, p in held:
            text = p["text"] or ""
            if self.is_of_left_page(text):
                self.log.append(("console", f"left: {text}"))
            elif time.monotonic() < until:
                self.held.append((until, p))
            elif p["type"] == "javascript" and p["level"] == "error":
                frame = ((p.get("stackTrace") or {}).get("callFrames") or [{}])[0]
                place = f"{frame.get('url', '')}:{frame.get('lineNumber', 0) + 1}"
                self.log.append(("error", f"{text}  {place}"))
            else:
                self.log.append(("console", f"{p['level']}: {text}"))

    def may_be_left(self, text: str) -> bool:
        return bool(self.LEFT.match(text) or self.LACKING.match(text))

    def is_of_left_page(self, text: str) -> bool:
        lately = {url for url, when in self.aborted.items() if time.monotonic() - when <= self.LATE}
        if left := self.LEFT.match(text):
            return left[1] in lately or not left[1]  # a request that has no address was none yet
        return bool(self.LACKING.match(text)) and any(url.endswith(".js") for url in lately)

    def goto(self, url: str) -> None:
        self.send("browsingContext.navigate", context=self.tab, url=url, wait="none")

    def run(self, code: str) -> str | None:
        answer = self.call("script.evaluate", expression=code, target={"context": self.tab}, awaitPromise=False)
        value: str | None = answer.get("result", {}).get("result", {}).get("value")
        return value

    def choose(self, css: str, x: float, y: float, paths: list[str]) -> None:
        find = f"document.querySelector({json.dumps(css)})"
        found = self.call("script.evaluate", expression=find, target={"context": self.tab}, awaitPromise=False)
        element = {"sharedId": found["result"]["result"]["sharedId"]}
        answer = self.call("input.setFiles", context=self.tab, element=element, files=paths)
        if "error" in answer:
            raise OSError(answer["message"])

    def shot(self, path: str) -> None:
        data = self.call("browsingContext.captureScreenshot", context=self.tab)["result"]["data"]
        Path(path).write_bytes(base64.b64decode(data))


# For the engines that run inside this process: tells say(kind, text) about errors and console calls.
HOOK = """(function () {
  if (window.__hooked) return;
  window.__hooked = true;
  function say(kind, text) { SAY }
  window.addEventListener('error', function (e) {
    if (e.message) say('error', e.message + '  ' + e.filename + ':' + e.lineno);
  }, true);
  window.addEventListener('unhandledrejection', function (e) { say('error', 'Unhandled rejection: ' + e.reason) });
  ['log', 'info', 'warn', 'error', 'debug'].forEach(function (level) {
    console[level] = function () { say('console', level + ': ' + Array.prototype.join.call(arguments, ' ')) };
  });
})()"""


class QtWebKit:
    """WebKit 602.1 inside this process; needs no screen."""

    def __init__(self, width: int, height: int) -> None:
        os.environ["QT_QPA_PLATFORM"] = "offscreen"
        os.environ["XDG_RUNTIME_DIR"] = os.environ["XDG_DATA_HOME"] = os.environ["XDG_CACHE_HOME"] = scratch()
        from PyQt5.QtCore import QObject, QUrl, pyqtSlot
        from PyQt5.QtNetwork import QNetworkReply, QNetworkRequest
        from PyQt5.QtWebKit import QWebSettings
        from PyQt5.QtWebKitWidgets import QWebPage, QWebView
        from PyQt5.QtWidgets import QApplication

        self.log: list[tuple[str, str]] = []
        self.before = 0
        self.is_loading, self.left = False, ""  # the address of a page that another is asked for before it was there
        log = self.log

        class Catcher(QObject):
            @pyqtSlot(str, str)
            def say(self, kind: str, text: str) -> None:
                log.append((kind, text))

        class Page(QWebPage):
            chosen: list[str] = []

            def javaScriptConsoleMessage(self, text: str, line: int, source: str) -> None:
                """What the hook does not see: the engine's own words, such as a breach of the page's policy."""
                if not log or not log[-1][1].startswith(text):
                    failed = text.startswith(("RuleViolation ", "WebSocket ")) and "closed before" not in text
                    level = "error: " if failed else ""
                    log.append(("console", f"{level}{text}  {source}:{line}"))

            def chooseFile(self, frame: Any, suggested: str) -> str:
                return self.chosen[0]

            def supportsExtension(self, kind: int) -> bool:
                return bool(kind == QWebPage.ChooseMultipleFilesExtension)

            def extension(self, kind: int, asked: Any, told: Any) -> bool:
                told.fileNames = self.chosen
                return True

            def javaScriptAlert(self, frame: Any, text: str) -> None:
                log.append(("console", "alert: " + text))

            def javaScriptConfirm(self, frame: Any, text: str) -> bool:
                log.append(("console", "confirm: " + text))
                return True

            def javaScriptPrompt(self, frame: Any, text: str, default: str) -> tuple[bool, str]:
                return True, default

        def hook() -> None:
            self.frame.addToJavaScriptWindowObject("__catcher", self.catcher)
            self.frame.evaluateJavaScript(HOOK.replace("SAY", "__catcher.say(kind, String(text))"))

        def finished(reply: Any) -> None:
            status = reply.attribute(QNetworkRequest.HttpStatusCodeAttribute)
            if reply.error() not in (QNetworkReply.NoError, QNetworkReply.OperationCanceledError):
                log.append(("request", f"{status or reply.errorString()} {reply.url().toString()}"))

        def began() -> None:
            self.is_loading, self.left = True, ""

        def loaded(ok: bool) -> None:
            self.is_loading = False
            if self.left and self.left == self.frame.requestedUrl().toString():
                self.left = ""
            elif not ok and not any(kind == "request" for kind, _ in log[self.before :]):
                log.append(("request", "not loaded " + self.frame.requestedUrl().toString()))

        self.app, self.catcher, self.url = QApplication(["engine"]), Catcher(), QUrl
        self.view = QWebView()
        self.view.setPage(Page(self.view))
        self.view.settings().setAttribute(QWebSettings.LocalStorageEnabled, True)
        self.frame = self.view.page().mainFrame()
        self.frame.javaScriptWindowObjectCleared.connect(hook)
        self.view.page().networkAccessManager().finished.connect(finished)
        self.view.loadStarted.connect(began)
        self.view.loadFinished.connect(loaded)
        self.view.resize(width, height)
        self.view.show()

    def goto(self, url: str) -> None:
        self.before = len(self.log)
        self.left = self.frame.requestedUrl().toString() if self.is_loading else ""
        self.view.load(self.url(url))

    def run(self, code: str) -> str | None:
        value: str | None = self.frame.evaluateJavaScript(code)
        return value

    def choose(self, css: str, x: float, y: float, paths: list[str]) -> None:
        """A finger's press: the engine opens no file chooser for a script."""
        from PyQt5.QtCore import QPoint, Qt
        from PyQt5.QtTest import QTest

        self.view.page().chosen = paths
        QTest.mouseClick(self.view, Qt.LeftButton, Qt.NoModifier, QPoint(round(x), round(y)))

    def pump(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.app.processEvents()
            time.sleep(0.01)

    def shot(self, path: str) -> None:
        self.pump(0.2)
        self.view.grab().save(path, "PNG")

    def close(self) -> None:
        self.view.stop()


class WebKitGtk:
    """Today's WebKit inside this process, in a window on a private screen."""

    def __init__(self, width: int, height: int) -> None:
        self.screen = Screen(width, height)
        import gi

        gi.require_version("Gtk", "3.0")
        gi.require_version("WebKit2", "4.1")
        from gi.repository import GLib, Gtk, WebKit2

        self.log: list[tuple[str, str]] = []
        self.glib = GLib
        scripts = WebKit2.UserContentManager()
        scripts.register_script_message_handler("log")
        scripts.connect("script-message-received::log", self.said)
        hook = HOOK.replace("SAY", "webkit.messageHandlers.log.postMessage(JSON.stringify([kind, String(text)]))")
        everywhere = WebKit2.UserContentInjectedFrames.ALL_FRAMES
        at_start = WebKit2.UserScriptInjectionTime.START
        scripts.add_script(WebKit2.UserScript.new(hook, everywhere, at_start, None, None))
        self.view = WebKit2.WebView(web_context=WebKit2.WebContext.new_ephemeral(), user_content_manager=scripts)
        settings = self.view.get_settings()
        settings.set_property("hardware-acceleration-policy", WebKit2.HardwareAccelerationPolicy.NEVER)
        settings.set_property("enable-media-stream", True)
        settings.set_property("enable-webrtc", True)
        self.view.connect("resource-load-started", self.loading)
        self.view.connect("script-dialog", self.dialog)
        self.view.connect("run-file-chooser", self.asked_for_files)
        self.view.connect("permission-request", lambda _, request: request.allow() or True)
        window = Gtk.Window(type=Gtk.WindowType.POPUP)
        window.set_default_size(width, height)
        window.add(self.view)
        window.show_all()

    def said(self, _: Any, answer: Any) -> None:
        kind, text = json.loads(answer.get_js_value().to_string())
        self.log.append((kind, text))

    def loading(self, _: Any, resource: Any, request: Any) -> None:
        def finished(res: Any) -> None:
            answer = res.get_response()
            if answer and answer.get_status_code() >= 400:
                self.log.append(("request", f"{answer.get_status_code()} {res.get_uri()}"))

        def failed(res: Any, error: Any) -> None:
            if error.code != 302:  # cancelled
                self.log.append(("request", f"{error.message} {res.get_uri()}"))

        resource.connect("finished", finished)
        resource.connect("failed", failed)

    def dialog(self, _: Any, box: Any) -> bool:
        self.log.append(("console", "dialog: " + box.get_message()))
        if box.get_dialog_type().value_nick != "alert":
            box.confirm_set_confirmed(True)
        return True

    def asked_for_files(self, _: Any, request: Any) -> bool:
        request.select_files(self.chosen)
        return True

    def choose(self, css: str, x: float, y: float, paths: list[str]) -> None:
        self.chosen = paths
        self.run(f"document.querySelector({json.dumps(css)}).click()")

    def goto(self, url: str) -> None:
        self.view.load_uri(url)

    def run(self, code: str) -> str | None:
        answer: list[str | None] = []

        def done(view: Any, result: Any) -> None:
            try:
                answer.append(view.evaluate_javascript_finish(result).to_string())
            except self.glib.Error as error:
                answer.append(None)
                self.log.append(("console", "evaluate: " + error.message))

        self.view.evaluate_javascript(code, -1, None, None, None, done)
        while not answer:
            self.glib.MainContext.default().iteration(True)
        return answer[0]

    def pump(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            while self.glib.MainContext.default().iteration(False):
                pass
            time.sleep(0.01)

    def shot(self, path: str) -> None:
        self.pump(0.3)
        self.screen.shot(path)

    def close(self) -> None:
        self.view.try_close()
        self.screen.close()
