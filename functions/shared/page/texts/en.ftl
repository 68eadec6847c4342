### What the pages say. Short, kind, in plain English.
### A warning fine is an offer: nothing here sounds like a demand.

language-name = English
languages-label = Language
legal-label = Legal
imprint = Imprint
privacy = Privacy
accessibility = Accessibility
page-title = { $title } – { $city }

## Amounts, days, times

amount = €{ $euros }.{ $cents }
date = { $day }{ "\u00A0" }{ $month } { $year }
moment = { $date }, { $hour }:{ $minute }
january = January
february = February
march = March
april = April
may = May
june = June
july = July
august = August
september = September
october = October
november = November
december = December

## The case

case-title = The case
case-number = Case number
fine = Warning fine
plate = Number plate
offence = Offence
place = Place
occurred-at = Time
check-word = Check word
check-word-hint = The same word is printed next to the QR code on your notice.
german-is-legal = The German text is the legal one.

## Paying

payable-title = Warning fine { $amount }
payable-due = Payable until { $date }
payable-late =
    The payment period ended on { $date }. You can still pay as long as the city
    has not passed the case on. The city decides whether your payment still
    counts. The case may move on in the meantime.
voluntary =
    Paying is voluntary. You may refuse the warning. It only takes effect if you
    agree and pay the full amount in time. By paying you accept the warning.
    After that you cannot appeal against it.
pay-button = Pay { $amount } with PayPal
pay-by-card = You can also pay by card without a PayPal account where PayPal offers it. Nothing is added to the amount.

transfer-title = By bank transfer
transfer-words =
    What counts is the day the money reaches the city. It can take a few days
    until you see the payment here. Please do not pay again in that time.
account-holder = Account holder
iban = IBAN
bic = BIC
transfer-amount = Amount
transfer-reference = Reference

cash-title = In cash at the city’s cash office
cash-words = Please bring the notice or the case number.
cash-address = Address
cash-hours = Opening hours

objection-title = Do you disagree?
objection-how =
    Then please do not pay. Write to the city and say why you do not agree, and
    give the case number. The address is on the notice and in the imprint. You do
    not have to make a statement.
objection-then =
    The city looks into the case. It can drop it or issue a fine order
    (Bußgeldbescheid). You can appeal against a fine order.

## Notices after a try

paypal-unreachable =
    PayPal cannot be reached at the moment. Nothing was charged. Try again in a
    few minutes, or pay by bank transfer.
amount-changed =
    The amount has changed: it is now { $amount }. Nothing was charged. Please
    look at the case again.
not-captured =
    Your earlier payment at PayPal did not go through. Nothing was charged. You can
    try again.
closed =
    Online payment is closed for a short while. Nothing is charged here now.
    Have you already paid online? Then please do not pay again: nothing is lost.
    Otherwise you can pay by bank transfer or in cash, or try again later.
part-paid =
    Of { $fine }, { $paid } has been paid already. What is left is { $rest }.
letter-on-its-way =
    A letter about this case is on its way. You can still pay here: a payment made
    before { $moment } still counts, and then the letter needs no answer.
too-many-attempts =
    Nothing was charged. Five payments have been begun for this case that are
    still open at PayPal. Try again tomorrow, or pay by bank transfer or in cash.

declined-title = The payment did not go through
declined = Your bank or card declined the payment. Nothing was charged.
cancelled-title = Payment cancelled
cancelled = You cancelled the payment at PayPal. Nothing was charged.
expired-title = Your time at PayPal ran out
expired = The payment at PayPal was not finished. Nothing was charged.
not-paid-title = Not paid yet
not-paid = No payment for this case has arrived here yet.
not-approved = Nothing was charged. The payment at PayPal was not completed.
retry-button = Try again: { $amount } with PayPal
other-ways = You find other ways to pay on your notice and when you scan the QR code again. You also see there what you can do if you do not agree.

## Paid

paid-title = Paid
paid-closed = The warning has taken effect and the case is closed (§{ "\u00A0" }56(4) OWiG). There is nothing more you need to do.
receipt-title = Certificate
receipt = This is your receipt: the certificate of the warning and the payment (§{ "\u00A0" }56(3) OWiG). You can print or save this page.
receipt-elsewhere = Your receipt: scan the QR code on your notice again.
paid-at = Paid on
paid-with = Paid with
paid-with-paypal = PayPal
paid-with-cash = cash, at the cash office
paid-with-transfer = bank transfer
transaction = PayPal transaction
paid-already = This case had already been paid.

## Not to be paid just now

processing-title = Your payment is being checked
processing = Please do not pay again. The check usually takes only a few seconds.
processing-reload = This page reloads by itself. You can also close it: nothing is lost.
processing-look = Look now
awaited =
    A payment with PayPal has been on its way since { $time }. PayPal has not
    told us yet whether it went through. Please do not pay again. Please do not
    pay by bank transfer or in cash either.
awaited-closed =
    A payment with PayPal has been on its way since { $time }. Online payment is
    closed for a short while: the payment goes on by itself after that. Please do
    not pay again. Please do not pay by bank transfer or in cash either.
awaited-then =
    There is nothing you need to do. If you agreed at PayPal in time, the payment
    is in time, even if it takes longer here. This page reloads by itself. You can
    also close it and look again later: nothing is lost.

pending-title = PayPal is checking the payment
pending = PayPal has not released the money yet. This can take a few days. Please do not pay again.
pending-then = There is nothing you need to do. While PayPal is checking, the city sends no letter about this case.

refused-title = The payment period has ended
refused = The period ended on { $date }. The city no longer accepts a payment for this warning. Please do not transfer money either.
refused-then = The city decides how the case goes on and will write to you. Have you made a transfer already? Then please wait: the city checks every payment.

objected-title = The city is looking into an objection
objected = There is an objection in this case. That is why you cannot pay here. Please do not transfer money either.
objected-then = The city looks into it and will write to you. It can drop the case or issue a fine order (Bußgeldbescheid). You can appeal against a fine order.

withdrawn-title = The case has been dropped
withdrawn = The city does not pursue this case any further. Please do not pay anything. There is nothing more you need to do.
withdrawn-then = Have you already paid? Then please ask the city. You find the contact details in the imprint.

handed-over-title = Payment is no longer possible here
handed-over = The city has passed the case on to its fines office (Bußgeldstelle). You can no longer accept the warning. Please do not transfer money either.
handed-over-then = You will get a letter. It says how the case goes on and what you can do.

review-title = The city is looking into this case
review = You cannot pay here at the moment. Please do not pay in any other way either.
review-then = There is nothing you need to do. The city will contact you if it needs anything from you.

## Without a case

unknown-title = We cannot find this case yet
unknown = Your notice has not reached us yet, or the case is already closed. Nothing is lost.
unknown-then = Try again in a few hours, at the latest on the next working day. Please keep the notice. If it still does not work then, please ask the city.

invalid-title = This code is not valid
invalid = Compare the address at the top of your browser exactly with the address printed on your notice. Do not pay anywhere else.
invalid-then = Is the address right? Then please scan the code again. Not sure whether the notice is real? Ask the city. Look up its phone number yourself, do not use the one on the notice.

unavailable-title = This page cannot be reached at the moment
unavailable = Nothing is lost. Please try again in a minute.
unavailable-then = Have you just paid? Then please do not pay again. We check every payment.
