"""Discord: slash commands, buttons, menus and modals in; messages, embeds and private answers out."""
