# How its member stands, some days before a deadline
settings-reminder-deadline = Deadline ahead
remind-what-deadline = { $before } days before a deadline I tell you how you stand.
remind-set-deadline = { $before } days before a deadline I tell you at { $time } ({ $zone }) how you stand
remind-off-deadline = warn you before a deadline
remind-also-deadline = warn you before your deadline
change-remind-deadline = the warnings before a deadline, at { $time }
change-remind-off-deadline = turning off the warnings before a deadline
refuse-remind-private-deadline = how you stand before a deadline
refuse-remind-days-deadline = That comes { $before } days before a deadline, whichever days they are.
warning = **{ $title }**: { $count ->
    [one] { $count } day
   *[other] { $count } days
} until { $date }
warning-left = { $count ->
    [one] { $count } step is left.
   *[other] { $count } steps are left.
}
