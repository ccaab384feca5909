-- A pause of ten milliseconds after every answer: a request is always under way or about to be, and the machine has time
-- for the rest of the test.
function delay() return 10 end
