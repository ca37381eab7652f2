"""Starts the QtWebEngine inside an unpacked PyQt5 wheel as a bare browser window with a DevTools port.

    /usr/bin/python3 qtengine.py QTDIR PORT WIDTH HEIGHT

The wheels are built for Pythons long gone, so Qt's own C++ functions are called by their mangled names.
Qt finds its data through a qt.conf next to the running program: hence the copy of the interpreter.
"""

import ctypes
import os
import shutil
import sys

qt, port, width, height = os.path.abspath(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
exe = f"{qt}/libexec/{os.path.basename(os.path.realpath(sys.executable))}"

if os.path.realpath(sys.executable) != os.path.realpath(exe):
    if not os.path.exists(exe):
        shutil.copy2(os.path.realpath(sys.executable), f"{exe}.{os.getpid()}")
        os.rename(f"{exe}.{os.getpid()}", exe)
    os.environ.update(
        LD_LIBRARY_PATH=qt + "/lib",
        PYTHONHOME="/usr",
        QT_PLUGIN_PATH=qt + "/plugins",
        QT_QPA_PLATFORM="xcb",
        QTWEBENGINE_REMOTE_DEBUGGING=port,
        QTWEBENGINE_DISABLE_SANDBOX="1",
        QTWEBENGINEPROCESS_PATH=qt + "/libexec/QtWebEngineProcess",
    )
    os.execv(exe, [exe, *sys.argv])

lib = {
    name: ctypes.CDLL(f"{qt}/lib/libQt5{name}.so.5", ctypes.RTLD_GLOBAL)
    for name in ("Core", "Gui", "Widgets", "WebEngineCore", "WebEngineWidgets")
}
args = b"engine --no-sandbox --lang=ru --use-fake-ui-for-media-stream --use-fake-device-for-media-stream".split()
argc, argv = ctypes.c_int(len(args)), (ctypes.c_char_p * (len(args) + 1))(*args)
app, text, url, view = (ctypes.create_string_buffer(128) for _ in range(4))
lib["Widgets"]["_ZN12QApplicationC1ERiPPci"](app, ctypes.byref(argc), argv, 0x050600)
lib["Core"]["_ZN7QString15fromUtf8_helperEPKci"](text, b"about:blank", 11)
lib["Core"]["_ZN4QUrlC1ERK7QStringNS_11ParsingModeE"](url, text, 0)
lib["WebEngineWidgets"]["_ZN14QWebEngineViewC1EP7QWidget"](view, None)
lib["WebEngineWidgets"]["_ZN14QWebEngineView4loadERK4QUrl"](view, url)
lib["Widgets"]["_ZN7QWidget6resizeERK5QSize"](view, (ctypes.c_int * 2)(width, height))
lib["Widgets"]["_ZN7QWidget4showEv"](view)
lib["Widgets"]["_ZN12QApplication4execEv"]()
