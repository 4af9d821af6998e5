-- Close a batch, and end it if nothing is left to do. Answers 1, or 0 if it is gone.
if not known() or get('gone') then return 0 end
close()
if not finish_if_done() then look_at(NOW) end
return 1
