# The last seven days as a picture
command-chart = Your last seven days as a picture
short-chart = your week as a picture
chart = **{ $minutes }** in seven days
chart-alt = A bar for each of seven days; the tallest is { $minutes }.
