"""Jinja as our pages need it: thousands of small pieces, many templates in one another, none of them streamed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, MutableMapping
from typing import Any

import flask.templating
from jinja2 import compiler, nodes, runtime
from markupsafe import Markup, escape
from markupsafe import _escape_inner as escaped  # type: ignore[attr-defined]  # what escape() makes a Markup of


def written(value: Any) -> str:
    """As escape() writes it, but no Markup: it is joined at once, and to make one takes four times as long."""
    text: str = value
    if type(value) is str:
        text = escaped(value)
    elif type(value) is not Markup:
        text = str(value) if type(value) is int else escape(value)
    return text


class CodeGenerator(compiler.CodeGenerator):
    """A template joins what it writes. Jinja's own hands every piece on by itself, through each template around it: of
    a chat's page three thousand pieces through six of them."""

    def blockvisit(self, nodes: Iterable[nodes.Node], frame: compiler.Frame) -> None:
        if frame.buffer is not None:
            super().blockvisit(nodes, frame)
            return
        self.buffer(frame)
        super().blockvisit(nodes, frame)
        self.writeline(f"yield concat({frame.buffer})")

    def _output_child_pre(self, node: nodes.Expr, frame: compiler.Frame, finalize: Any) -> None:
        if frame.eval_ctx.volatile or not frame.eval_ctx.autoescape or finalize.src is not None:
            super()._output_child_pre(node, frame, finalize)
        else:
            self.write("environment.written(")

    def visit_CondExpr(self, node: nodes.CondExpr, frame: compiler.Frame) -> None:  # noqa: N802
        """`{{ " hidden" if it_is }}` is nothing otherwise; Jinja makes an Undefined of it, which is slow to write."""
        whole = nodes.CondExpr(node.test, node.expr1, node.expr2 or nodes.Const(""), lineno=node.lineno)
        whole.set_environment(self.environment)
        super().visit_CondExpr(whole, frame)


class Context(runtime.Context):
    """What templates call are macros and plain functions: nothing of ours asks for the context, as Jinja looks twice
    with every call whether it does (tests/test_template_engine.py sees to it)."""

    def call(
        self,
        called: Callable[..., Any],
        /,
        *args: Any,
        _loop_vars: object = None,
        _block_vars: object = None,
        **named: Any,
    ) -> Any:
        return called(self.eval_ctx, *args, **named) if type(called) is runtime.Macro else called(*args, **named)


class Environment(flask.templating.Environment):
    """Jinja keeps each template's globals apart in a chain of dicts and walks it at every include; ours have none."""

    code_generator_class = CodeGenerator
    context_class = Context
    written = staticmethod(written)

    def make_globals(self, d: MutableMapping[str, Any] | None) -> MutableMapping[str, Any]:
        return super().make_globals(d) if d else self.globals
