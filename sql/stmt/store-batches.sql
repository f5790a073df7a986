-- How many batches there are.
SELECT batches FROM store;
