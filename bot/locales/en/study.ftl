roadmaps-title = **Roadmaps**
roadmap-about = `{ $slug }` · { $count } steps · about { $hours } h
roadmap-line = **{ $title }** · { $count } steps
joined-title = **{ $title }** · { $count } steps · until { $deadline }
fit-facts = About { $needed } h of work; { $pace } a day gives { $given } h.
fit-yes = It fits, with { $spare } to spare.
fit-no = That is { $spare } too short.
fit-ways = { $pace } a day would hold the deadline; at this pace you are done by { $deadline }.
fit-way-deadline = At this pace you are done by { $deadline }.
next = Next: **{ $title }** (`{ $slug }`), about { $hours } h.
next-why = Next: **{ $title }** (`{ $slug }`): { $reasons }.
next-none = Nothing is left to do.
why = Why: { $reasons }.
unlocks = { $count ->
    [one] unlocks { $count } later step
   *[other] unlocks { $count } later steps
}
signal-importance-high = high importance
signal-importance-medium = medium importance
signal-importance-low = low importance
signal-demand-high = high demand
signal-demand-medium = medium demand
signal-demand-low = low demand
signals-legend = After each step: importance · market demand · automation risk, each High, Medium or Low.
steps-done = { $done } of { $total } steps done ({ $percent }%)
steps-done-of = { $done } of { $total } steps done ({ $percent }%) · { $title }
step-optional = (optional)
step-choice = (one of several)
step-title = **{ $title }** (`{ $slug }`)
step-hours = About { $hours } h of work, { $origin ->
    [source] as its source says.
   *[estimate] an estimate.
}
step-topics = **Parts:** { $text }
step-links = **Read:**
step-implement = **Practise:** { $text }
step-showcase = **Show it with:** { $text }
step-cost = **Cost:** { $text }
step-also = **Also taught on:** { $text }
level-about = **{ $title }:** { $text }
practice-dsa = Beside it, every day: data structures and algorithms, { $time }.
roadmap-source = **Source:** { $text }
roadmap-credits = **Thanks to:** { $text }
roadmap-version = Version { $version }, { $date }.
gate = → { $gate }
level-line = { $title } · { $done } of { $total }
done = ✅ **{ $title }**{ $proof ->
    [link] {" "}· proof attached
    [file] {" "}· file attached, seen in { $where }
    [note] {" "}· note kept
   *[none] {""}
}
done-file-unseen = I keep no files, and no group's post shows this one to others. A link stays.
done-again = **{ $title }** is done already. A link, file or note adds a proof to it.
skipped = Left out: **{ $title }**. It no longer counts.
roadmap-finished = **{ $title }** is finished. All of it.
roadmap-left-out = Every step of **{ $title }** is left out. /roadmap lists them; `/done` with one of them brings it back.
progress-title = **{ $title }**
progress-title-of = **{ $name }** · { $title }
deadline-ahead = { $count ->
    [one] { $count } day until { $date }.
   *[other] { $count } days until { $date }.
}
deadline-today = Today is the deadline, { $date }.
deadline-over = The deadline was { $date }; a new one is one tap away: /join
left = You have left **{ $title }**. What you did is kept; joining again goes on from there.

change-other = a setting
change-joined = joining { $title }
change-plan = the plan of { $title }
change-left = leaving { $title }
change-done = __{ $title }__ done
change-skipped = leaving out __{ $title }__
change-checkin = the check-in of { $date } ({ $answer ->
    [yes] studied
    [no] not today
   *[other] { $answer }
})
change-later = moving the check-in to { $time }
change-quiet = { $quiet ->
    [off] turning off the quiet hours
   *[other] the quiet hours { $quiet }
}
change-daystart = the beginning of your day, { $time }
change-pause = the pause until { $until ->
    [back] you come back
   *[other] { $until }
}
change-resume = ending the pause
change-rest = the days off { $days }
change-rest-back = taking back the days off { $days }
change-zone = the time zone { $zone }
change-undo = taking back a change
undone = Taken back: { $change }.

checkin-greeting-morning = Good morning, { $name }.
checkin-greeting-day = Good day, { $name }.
checkin-greeting-evening = Good evening, { $name }.
checkin-mention = { $name }: { $question }
checkin-counts-ten = Ten minutes count too.
checkin-counts-reading = Reading counts too.
checkin-yes = { $day }: studied
checkin-no = { $day }: not today. Ten minutes tomorrow are a good start.
checkin-minutes = { $day }: { $total }
checkin-added = { $day }: { $added } more, { $total } in all
checkin-counted = { $fact } ✅
checkin-streak = { $fact }. Streak { $count } 🔥
checkin-how-long = How long?
later-set = I ask again { $day ->
    [today] at
   *[later] on
} { $time }.
later-off = Off: { $days }.
remind-now = Now: { $setting }.
remind-when = At which time?
remind-set = { $what }, { $where ->
    [group] in the group
   *[dm] in private
}.
remind-next = { $looks ->
    [yes] Next look:
   *[no] Next:
} { $day ->
    [today] today { $time }
    [tomorrow] tomorrow { $time }
   *[later] { $time }
}.
remind-quiet = { $time } is in your quiet hours ({ $quiet }), so it comes at { $moved }.
remind-also = I also { $what }: /settings
remind-also-more = { $first }, and { $more }
remind-off = I { $was ->
    [on] no longer
   *[off] do not
} { $what }. `/{ $line }` turns it on again, at { $time }.
quiet-set = From { $start } to { $end } ({ $zone }) I write nothing to you.
quiet-moves = { $name }: { $moved } instead of { $time }.
quiet-off = You have no quiet hours any more.
daystart-set = Your day begins at { $time } ({ $zone }): tonight it is still { $day } until then, for check-ins, your streak and reminders.
daystart-midnight = Your day begins at midnight.
daystart-now = So it is { $day } for you now.
paused = ⏸ Paused until { $until ->
    [back] you come back
   *[other] { $until }
}: I ask nothing before that.
pause-counts = {" "}What you do counts all the while, and your streak waits.
paused-counted = Your pause goes on until { $until ->
    [back] you come back
   *[other] { $until }
}; this counts all the same.
pause-over = The pause is over.
stopped = ⏸ I no longer ask about { $about }: { $count } questions in a row went unanswered.
rest-none = No days off are planned. On a day off I ask nothing, and it breaks no streak.
rest-planned = Your days off: { $days }. I ask nothing then, and they break no streak.
rest-choose = Take days back
rest-take-back = Take back { $days }
rest-set = Off: { $days }. I ask nothing then, and it breaks no streak.
rest-dropped = { $days }: { $count ->
    [one] an ordinary day again
   *[other] ordinary days again
}.


next-question = The next question comes { $day ->
    [today] today at
    [tomorrow] tomorrow at
   *[later] on
} { $time }.

zone-set = Your zone is { $zone }; it is { $time } for you.


dm-closed = I could not reach you in private: your private messages are closed to me. Until you open them, you hear from me in the group alone. `/remind where:group` asks you there by name.
button-add-proof = Add a proof

checkin-mention-studied = **{ $name }** · { $day }: studied ✅
checkin-mention-answered = **{ $name }** · { $day }: answered
button-more = Add time
