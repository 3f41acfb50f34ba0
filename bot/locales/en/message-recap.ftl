# The group's week in one card, unasked and by /recap
settings-reminder-recap = The group's recap
post-what-recap = Once a week I post the group's recap here.
post-set-recap = The recap comes here every { $days } at { $time } ({ $zone }).
post-off-recap = I no longer post the recap here. `/remind on kind:recap` turns it on again, at { $time }.
refuse-post-days-recap = The recap comes on one day of the week
lost-post-recap = recap
recap-title = **{ $group }** · { $first } to { $last }
recap-facts = **{ $studied } of { $members }** studied{ $sum ->
    [no] {""}
   *[other] : { $sum }
}.
recap-quiet = A quiet week: nothing was noted. One step or twenty minutes begin the next.
recap-streak = Longest streak: { $names }, { $count } days 🔥
recap-level = That completes __{ $title }__.
recap-roadmap = **{ $title }** is finished!
recap-more = { $count ->
    [one] { $count } more finished steps.
   *[other] { $count } more finished steps.
}
recap-deadline = { $left } to the group's deadline, { $date }.
