"""«Мои устройства»: where else one is signed in, ended one by one or all at once."""

from __future__ import annotations

from flask import g, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user, login_required

from ...extensions import db
from ...models import AuditAction, Device, DeviceTransfer, KnownBrowser
from ...responses import go
from ...web.audit import log_own
from .panels import saved, show
from .views import bp


@bp.get("/devices")
@login_required
def devices() -> ResponseReturnValue:
    return show("devices")


@bp.post("/devices/others/end")
@login_required
def end_other_devices() -> ResponseReturnValue:
    """«Завершить все другие»; a second press finds none."""
    if not g.device.is_confirmed:
        return go(url_for(".confirm", panel="devices"))
    for device in db.session.scalars(Device.of(current_user).where(Device.id != g.device.id)):
        _end(device)
    db.session.commit()
    return saved("devices", "На других устройствах нужно войти заново.")


@bp.post("/devices/<int:id>/end")
@login_required
def end_device(id: int) -> ResponseReturnValue:
    device: Device = db.first_or_404(Device.of(current_user).where(Device.id == id))
    if not g.device.is_confirmed:
        return go(url_for(".confirm", panel="devices"))
    _end(device)
    db.session.commit()
    return saved("devices", "Сеанс завершён.")


def _end(device: Device) -> None:
    """Whoever holds it is a stranger from now on."""
    KnownBrowser.forget_one(current_user.id, device.browser_hash)
    DeviceTransfer.void_all_of(current_user.id)  # it may have made one
    device.end()
    log_own(AuditAction.DEVICE_ENDED, device.id)
