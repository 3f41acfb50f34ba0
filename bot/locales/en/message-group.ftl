# The group's daily post
settings-reminder-group = The group's question
post-what-group = I ask here who studied.
post-set-group = I ask here { $days } at { $time } ({ $zone }).
post-off-group = I no longer ask here who studied. `/remind on kind:group` turns it on again, at { $time }.
lost-post-group = daily question
group-question = **{ $date }** · Who studied today?
roster = Studied ({ $count }): { $names }
roster-more = and { $count } more
