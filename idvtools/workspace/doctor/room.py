"""What the doctor's checks of one vendor share."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from idvtools.vendors.base import Keys, Vendor
from idvtools.workspace.desk import Desk
from idvtools.workspace.doctor.model import About


@dataclass(frozen=True)
class Room:
    """One vendor of the settings; `keys` is None where they do not load."""

    desk: Desk
    declared: Vendor
    keys: Keys | None
    now: datetime

    @property
    def about(self) -> About:
        """Checks of the vendor as a whole."""
        return About(self.declared.name)

    @property
    def apps(self) -> dict[str, About]:
        """Checks of each app in the settings."""
        apps = self.desk.settings.vendor(self.declared.name).apps
        return {app.id: About(self.declared.name, app.id) for app in apps}

    def pull(self, *options: str) -> str:
        """The command that pulls something from this vendor."""
        return shlex.join(["idvtools", "pull", str(self.desk.folder), "--vendor", self.declared.name, *options])

    def command(self, name: str) -> str:
        """Another command for this workspace."""
        return shlex.join(["idvtools", *name.split(), str(self.desk.folder)])

    def time(self, moment: datetime) -> str:
        """A moment in the workspace's zone, for people."""
        return moment.astimezone(ZoneInfo(self.desk.settings.workspace.timezone)).strftime("%Y-%m-%d %H:%M")
