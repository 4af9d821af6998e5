-- The steady clock (ms).
return STEADY
