"""The slash commands the application has registered."""

from __future__ import annotations

from collections.abc import Callable

from .forms import ApiError, check_commands
from .places import Json


class Commands:
    """The application's commands, globally (None) and by guild id."""

    def __init__(self, application_id: int, new_id: Callable[[], int]) -> None:
        self._application_id = application_id
        self._new_id = new_id
        self._scopes: dict[int | None, dict[str, Json]] = {}
        self.overwrites = 0

    def all(self, guild: int | None = None) -> list[Json]:
        return list(self._scopes.get(guild, {}).values())

    def find(self, name: str, guild: int | None) -> Json | None:
        """The command a user of this guild gets by this name: the guild's own hides the global one."""
        own = self._scopes.get(guild, {}) if guild is not None else {}
        return own.get(name) or self._scopes.get(None, {}).get(name)

    def replace(self, commands: list[Json], guild: int | None) -> list[Json]:
        """Makes these the only commands; those that keep their name keep their id."""
        check_commands(commands)
        before = self._scopes.get(guild, {})
        self.overwrites += 1
        self._scopes[guild] = {
            command["name"]: self._stored(command, guild, before.get(command["name"])) for command in commands
        }
        return self.all(guild)

    def add(self, command: Json, guild: int | None) -> tuple[Json, bool]:
        """Adds a command, or overwrites that of the same name; says whether it is new."""
        check_commands([command])
        scope = self._scopes.setdefault(guild, {})
        before = scope.get(command["name"])
        if before is None and len(scope) >= 100:
            raise ApiError(400, 30032, "Maximum number of application commands reached (100)")
        scope[command["name"]] = self._stored(command, guild, before)
        return scope[command["name"]], before is None

    def change(self, command_id: int, changes: Json, guild: int | None) -> Json:
        before = self.get(command_id, guild)
        after = {**before, **changes}
        check_commands([after])
        scope = self._scopes[guild]
        del scope[before["name"]]
        scope[after["name"]] = self._stored(after, guild, before)
        return scope[after["name"]]

    def get(self, command_id: int, guild: int | None) -> Json:
        for command in self.all(guild):
            if command["id"] == str(command_id):
                return command
        raise ApiError(404, 10063, "Unknown application command")

    def remove(self, command_id: int, guild: int | None) -> None:
        del self._scopes[guild][self.get(command_id, guild)["name"]]

    def _stored(self, command: Json, guild: int | None, before: Json | None) -> Json:
        """The command as Discord gives it back, with what it adds; the version changes with the content."""
        permissions = command.get("default_member_permissions")
        stored = {
            "type": 1,
            "options": [],
            "nsfw": False,
            "contexts": None,
            "integration_types": [0],
            "dm_permission": True,
            **{key: value for key, value in command.items() if value is not None},
            "application_id": str(self._application_id),
            "default_member_permissions": None if permissions is None else str(permissions),
            "id": before["id"] if before else str(self._new_id()),
            "version": before["version"] if before else str(self._new_id()),
        }
        if guild is not None:
            stored["guild_id"] = str(guild)
        if before is not None and stored != before:
            stored["version"] = str(self._new_id())
        return stored
