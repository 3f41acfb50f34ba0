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
step-implement = Where: { $text }
step-showcase = Show it with: { $text }
step-cost = Cost: { $text }
gate = → { $gate }
level-line = { $title } · { $done } of { $total }
done = ✅ **{ $title }**{ $proof ->
    [link] {" "}· proof attached
    [file] {" "}· file attached
    [note] {" "}· note kept
   *[none] {""}
}
done-file-unseen = I keep no files: only a group's home would show it to others. A link stays.
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
change-checkin = the check-in of { $date } ({ $answer })
change-later = moving the check-in to { $time }
change-remind = the reminder of your { $kind ->
    [dsa] DSA practice
   *[study] study
}, { $days } at { $time }
change-remind-off = turning off the reminder of your { $kind ->
    [dsa] DSA practice
   *[study] study
}
change-zone = the time zone { $zone }
change-undo = an undo
undone = Taken back: { $change }.

checkin-greeting-morning = Good morning, { $name }.
checkin-greeting-day = Good day, { $name }.
checkin-greeting-evening = Good evening, { $name }.
checkin-mention = { $name }: { $question }
checkin-intention = Your line: { $line }
checkin-question-study = Did you study today?
checkin-question-dsa = Did you practise DSA today?
checkin-day-dsa = { $day }, DSA practice
checkin-yes = { $day }: studied
checkin-no = { $day }: not today. Ten minutes tomorrow are a good start.
checkin-minutes = { $day }: { $total }
checkin-added = { $day }: { $added } more, { $total } in all
checkin-counted = { $fact } ✅
checkin-streak = { $fact }. Streak { $count } 🔥
checkin-how-long = How long?
group-question = **{ $date }** · Who studied today?
roster = Studied ({ $count }): { $names }
roster-more = and { $count } more
later-set = I ask again { $day ->
    [today] at
   *[later] on
} { $time }.
remind-set = I ask about { $kind ->
    [dsa] DSA practice
   *[study] your study
} { $days } at { $time } ({ $zone }), { $where ->
    [group] in the group
   *[dm] in private
}.
remind-off = I no longer ask about { $kind ->
    [dsa] DSA practice
   *[study] your study
}. `/remind 20:00{ $kind ->
    [dsa] {" "}kind:dsa
   *[study] {""}
}` turns it on again.
zone-set = Your zone is { $zone }; it is { $time } for you.

news-done = **{ $name }** finished __{ $title }__.
news-done-proof = **{ $name }** finished __{ $title }__ · { $proof }
news-done-both = **{ $name }** finished __{ $title }__ · { $proof } · { $file }
news-proof = proof
news-taken-back = { $name } took back __{ $title }__.

dm-closed = I could not reach you in private: your private messages are closed to me. Until you open them, the group's daily post asks you. `/remind where:group` asks you there by name.
button-add-proof = Add a proof
news-done-file = **{ $name }** finished __{ $title }__ · proof: { $file }

checkin-mention-studied = **{ $name }** · { $day }: studied ✅
checkin-mention-answered = **{ $name }** · { $day }: answered
button-more = Add time
