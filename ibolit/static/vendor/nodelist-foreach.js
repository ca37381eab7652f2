/* NodeList.forEach for Safari before 10 and Chromium before 51; htmx and its ws extension call it. Load this before htmx. */
if (window.NodeList && !NodeList.prototype.forEach) NodeList.prototype.forEach = Array.prototype.forEach;
