# That questions stop which nobody answers
questions-stopped = I asked about { $about } { $count } times and heard nothing, so I stop asking. What you do still counts, and one tap has me ask again { $days } at { $time }.
