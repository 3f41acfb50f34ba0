refuse-command = I don't know /{ $text }. Everything I can do: /help
refuse-command-near = I don't know /{ $text }. Did you mean /{ $near }?
refuse-owner = That button is somebody else's. /help shows what you can do.
refuse-leaders = /{ $command } is for those who lead this group: ask whoever manages this chat to type it.
refuse-long = That is { $length } characters; at most { $limit } fit.
refuse-too-much = I don't know what to do with “{ $text }”. An example: /help { $command }
refuse-outdated = That button is too old. Please start again.
refuse-option = “{ $text }” is not one of: { $options }.
refuse-language = I do not speak “{ $text }”. These I speak: { $options }.
refuse-roadmap = I don't know a roadmap called “{ $text }”. All of them: /roadmaps
refuse-roadmap-ambiguous = “{ $text }” could be one of several roadmaps. Which one?
refuse-step = I don't know a step called “{ $text }”. Did you mean { $near }? All steps: /roadmap
refuse-step-ambiguous = “{ $text }” could be { $near }. Which one?
refuse-step-unknown = I don't know a step called “{ $text }”. All steps: /roadmap
refuse-date = “{ $text }” is not a date I understand. Try 20 May 2027, 2027-05-20 or in 5 months.
refuse-deadline-past = { $date } is over. A deadline lies ahead: try in 5 months.
refuse-deadline-today = That is today. A deadline lies ahead: try in 5 months.
refuse-deadline-far = { $date } is more than five years away. Try a nearer one, such as in 5 months.
refuse-hours = “{ $text }” is not a number of hours a day. Try 2, 1h30 or 45m; at most 16.
refuse-link = “{ $text }” is not a link. It begins with https://
refuse-link-closed = Others cannot open “{ $text }”. A proof is a link they can, such as to your repository; a word about it goes after note:
refuse-minutes = “{ $text }” is not a length of time. Try 90, 1h30 or no.
refuse-until = “{ $text }” is not a time I understand. Try 1h, this evening, tomorrow or 21:30.
refuse-time = “{ $text }” is not a time of day. Try 20:00 or 8pm.
refuse-morning = “{ $text }” is not a time of day. Try 07:00, or both ends: 22:00-07:00.
refuse-night = “{ $text }” is not a time of day. Try 04:00, or midnight.
refuse-midnight = { $text } ends one day and begins the next. Midnight, when the new day begins, is 00:00.
refuse-days = “{ $text }” are not days of the week. Try daily, weekdays or mon wed fri; a place is dm or group.
refuse-recap = “{ $text }” is not a day and time. Try sun 18:00, or off.
refuse-page = “{ $text }” is not a page.
refuse-change = “{ $text }” is not a change of yours. /undo alone takes back the last one.
refuse-code = “{ $text }” is not a code. A code has eight letters and digits.
refuse-zone = I don't know a time zone called “{ $text }”. Did you mean { $near }?
refuse-zone-several = { $count ->
    [one] “{ $text }” is the time of { $near }. Is that yours?
   *[other] “{ $text }” can be the time of several places: { $near }. Whose clock is yours?
  }
refuse-zone-unknown = I don't know a time zone called “{ $text }”. Name a large city near you, such as Kolkata or Berlin.
refuse-member = I know nobody called “{ $text }” in your groups. /leaderboard shows who is there.
refuse-member-ambiguous = “{ $text }” could be one of several in your groups. Who is it?
refuse-group = You are in no group called “{ $text }”. Yours are these:
refuse-file = A file is sent with the message: attach it, with the command as its caption.
refuse-file-large = { $name } is { $size } MB; a proof may be { $limit } MB. A link can show more: `/done step proof:https://…`
refuse-not-on = You are not on **{ $title }** yet.
refuse-unserved = The roadmap `{ $roadmap }` cannot be read at the moment. What you did on it is kept and shows again once its file is mended; /checkin works meanwhile.
refuse-no-roadmap = You are on no roadmap yet.
refuse-nothing-open = Every step of **{ $title }** is done or left out already. /roadmap lists them.
refuse-undo-nothing = There is nothing to take back.
refuse-undo-unknown = That is not a change of yours.
refuse-undo-done = That was taken back already: { $change }.
refuse-undo-stale = { $change } was changed again since. Change it with /{ $command } instead.
refuse-skip-done = **{ $title }** is done; there is nothing to leave out. /undo takes it back.
refuse-skip-again = **{ $title }** is left out already.
refuse-mate-not-on = { $name } is on no roadmap.
refuse-checkin-studied = { $date } is answered already: studied. /undo takes that back.
refuse-checkin-again = { $date } is counted already. More time adds to it.
refuse-checkin-much = That would be { $total } on one day; more than { $limit } is not counted.
refuse-checkin-future = { $date } has not come yet.
refuse-checkin-closed = { $date } is closed; a day stays open until noon of the next. You can still answer for today.
refuse-later-none = You have no daily check-in to move. `/remind 20:00` sets one.
refuse-later-over = That was the check-in of { $date }; its day is over. Today's can be answered any time.
refuse-later-answered = Today is answered already: there is nothing to move. /checkin adds to it, /undo takes it back.
refuse-later-past = It is { $time } already. Try 1h or tomorrow.
refuse-later-paused = { $paused } There is nothing to move.
refuse-remind-private = That is for you alone, so it comes in private: { $kind ->
    [deadline] how you stand before a deadline
    [return] a word after a silence
   *[risk] a streak at risk
} is nobody else's business.
refuse-remind-days = { $kind ->
    [return] That comes once, after { $count } days of silence, whichever days they are.
   *[deadline] That comes { $before } days before a deadline, whichever days they are.
} Its time can be set: `/{ $line }`
refuse-quiet = “{ $text }” are not quiet hours. Try 22:00 07:00, or off.
refuse-quiet-off = You have no quiet hours. `/quiet 22:00 07:00` sets some.
refuse-quiet-same = From { $time } to { $time } is no time, or a whole day. To hear nothing for a while: /pause
refuse-daystart = Your day can begin at midnight or up to { $latest }, not at { $time }. Yesterday stays open until noon in any case: `/checkin date:yesterday`
refuse-pause = “{ $text }” is not a day I understand. Try 1w, 1 December or 2026-12-24.
refuse-rest = “{ $text }” is not a day I understand. Try tomorrow, 24 Dec, 24-27 Dec or 3 days.
refuse-pause-past = { $date } does not lie ahead. Try 1w, 1 December or until I come back.
refuse-pause-far = { $date } is more than a year away. A pause without an end is ended by one tap.
refuse-pause-none = Nothing is paused. A pause begins with /pause
refuse-rest-past = { $date } is over. A day off is today or lies ahead.
refuse-rest-order = { $last } comes before { $first }. Is it the other way round?
refuse-rest-long = Those are { $count } days; time off is at most { $limit } days. To be away for longer: /pause
refuse-rest-many = { $count } times off are planned already. Take one back first, or join the new days to one.
refuse-rest-known = Off already: { $days }.
refuse-rest-gone = Those are not among your days off any more.
refuse-by-name = By itself “{ $text }” is a place; “{ $label }” is written `{ $name }:{ $text }`.
refuse-remind-group = You are in no group yet, so I can only ask in private: `/remind 20:00 dm`
