# Each morning one page to read, until something was studied
settings-reminder-pages = A page a day
remind-what-pages = I ask you each morning to read one page.
remind-set-pages = I ask you to read one page { $days } at { $time } ({ $zone })
remind-off-pages = ask you to read a page
change-remind-pages = the page to read, { $days } at { $time }
change-remind-off-pages = turning off the page to read
refuse-remind-private-pages = a page to read
pages = Good morning, { $name }. One page before the day begins?
pages-read = A page was read.
button-pages = Read it
